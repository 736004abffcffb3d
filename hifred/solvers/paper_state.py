"""One state of the paper's iterations."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hifred.solvers.paper_step import Pace
from hifred.solvers.stopping import Outcome


@dataclass(frozen=True)
class PaperState:
    """One iterate.

    Attributes
    ----------
    iteration : int
    estimate : (energy or component, y, x) array
        Sky cube or coefficient images.
    history : (iteration + 1, term) array
        Cost of every iterate so far: total, one column per instrument, penalty.
    pace : Pace
        The length of the next step.
    certificate : float
        Relative change of the data terms in the last iteration, over the share of its
        longest that the step had: a short step alone is no end.
    outcome : Outcome or None
        None while there is more to do.
    """

    iteration: int
    estimate: np.ndarray
    history: np.ndarray
    pace: Pace
    certificate: float = np.inf
    outcome: Outcome | None = None

    @property
    def step_size(self) -> float:
        return self.pace.step_size

    @property
    def n_halvings(self) -> int:
        return self.pace.n_halvings

    @property
    def cost(self) -> float:
        """Return the total cost of this iterate."""
        return float(self.history[-1, 0])

    @property
    def costs(self) -> np.ndarray:
        """Return the history."""
        return self.history

    @property
    def gaps(self) -> np.ndarray:
        """Return infinity for every iterate: nothing is proven here."""
        return np.full(len(self.history), np.inf)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays, to be saved without pickle."""
        return {
            "estimate": self.estimate,
            "history": self.history,
            "scalars": np.array(
                [self.iteration, self.step_size, self.n_halvings, self.certificate]
            ),
            "pace": np.array([self.pace.ceiling, self.pace.n_steady]),
            "outcome": np.array("" if self.outcome is None else self.outcome.name),
        }

    @staticmethod
    def restore(arrays: Mapping[str, np.ndarray]) -> "PaperState":
        """Return the state that `arrays` was made from."""
        iteration, step_size, n_halvings, certificate = arrays["scalars"]
        # States of before 0.2 did not grow their step again.
        ceiling, n_steady = arrays.get("pace", (step_size, 0))
        name = str(arrays["outcome"])
        return PaperState(
            int(iteration),
            np.asarray(arrays["estimate"]),
            np.asarray(arrays["history"]),
            Pace(float(step_size), float(ceiling), int(n_steady), int(n_halvings)),
            float(certificate),
            Outcome[name] if name else None,
        )
