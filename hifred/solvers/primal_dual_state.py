"""One state of the primal-dual solver: an iterate, and the mean of the last ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, final

import numpy as np

from hifred.solvers.stopping import Outcome


@final
@dataclass(frozen=True)
class PrimalDualState:
    """One iterate, enough to go on from.

    Attributes
    ----------
    iteration : int
        Each is `STEPS` steps.
    cube : (energy, y, x) array
        Mean of the last iterates, not negative: the estimate.
    means : tuple of arrays
        Of the multipliers likewise: per instrument, then what those of the wavelets
        send to the cube, if there are any.
    newest : (energy, y, x) array
        The last iterate.
    duals : tuple of arrays
        Its multipliers: one minus the ratio of counts to model, per instrument; then
        those of the wavelet coefficients, if there are any.
    anchor : (energy, y, x) array
        The cube that the metric comes from.
    costs : (iteration + 1, terms) array
        Total, every instrument, penalty, of `cube`.
    gaps : (iteration + 1,) array
        Proven relative duality gap; infinite where nothing is proven.
    certificate : float
        The smaller of the gap and of what the conditions of optimality miss; see
        `PrimalDual`.
    outcome : Outcome or None
        None while there is more to do.
    """

    iteration: int
    cube: np.ndarray
    means: tuple[np.ndarray, ...]
    newest: np.ndarray
    duals: tuple[np.ndarray, ...]
    anchor: np.ndarray
    costs: np.ndarray
    gaps: np.ndarray
    certificate: float = np.inf
    outcome: Outcome | None = None

    @property
    def cost(self) -> float:
        return float(self.costs[-1, 0])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, to be saved, and none of them twice."""
        arrays = {f"dual_{i}": dual for i, dual in enumerate(self.duals)}
        pairs = enumerate(zip(self.means, self.duals, strict=True))
        arrays |= {f"mean_{i}": mean for i, (mean, dual) in pairs if mean is not dual}
        if self.newest is not self.cube:
            arrays["newest"] = self.newest
        return arrays | {
            "cube": self.cube,
            "anchor": self.anchor,
            "costs": self.costs,
            "gaps": self.gaps,
            "certificate": np.array(self.certificate),
            "outcome": np.array("" if self.outcome is None else self.outcome.name),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the state that `arrays` came from."""
        n_duals = sum(name.startswith("dual_") for name in arrays)
        duals = tuple(arrays[f"dual_{i}"] for i in range(n_duals))
        name = str(arrays["outcome"])
        return cls(
            len(arrays["costs"]) - 1,
            arrays["cube"],
            tuple(arrays.get(f"mean_{i}", dual) for i, dual in enumerate(duals)),
            arrays.get("newest", arrays["cube"]),
            duals,
            arrays["anchor"],
            arrays["costs"],
            arrays["gaps"],
            float(arrays["certificate"]),
            Outcome[name] if name else None,
        )
