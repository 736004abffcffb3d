"""The real computation behind a trial: fuse the observations, measure the result."""

import importlib
import inspect
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.fusion import Fusion, FusionSettings, active_settings
from hifred.measures import measure_fusion
from hifred.selection import held_out_deviance, read_split
from hifred.store.fusion_input import (
    input_digest,
    open_fusion_input,
    save_fusion_input,
)
from hifred.sweep.code_digest import code_digests
from hifred.sweep.kernel import Arrays, Attempt, Step

# Settings that choose the way to the minimum, not the minimum.
_WAY = ("solver", "tolerance", "max_iterations", "step_size", "precision")
_OBJECTIVE = {"units": "1", "long_name": "objective at the end", "direction": "lower"}


@final
@dataclass(frozen=True)
class FusionKernel:
    """Fuse the observations of a model with one set of settings.

    Parameters
    ----------
    tag : str
        Changed by hand when results change on purpose.
    """

    tag: str = "fusion-1"

    @property
    def can_warm_start(self) -> bool:
        """Return whether a fusion can start from another's result."""
        return "initial" in inspect.signature(Fusion.start).parameters

    def parts(self) -> dict[str, str]:
        """Return digests of the code that computes a trial."""
        return code_digests()

    def active(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in settings.items() if name != "metrics"}
        found = dict(active_settings(FusionSettings.read(own)))
        return found | _metrics(settings)

    def input_digest(self, path: Path) -> str:
        """Return the digest of an input's content."""
        return input_digest(path)

    def check_input(self, path: Path) -> None:
        """Refuse what is no fusion input."""
        open_fusion_input(path)

    def check_simulation(self, name: str, settings: Mapping[str, Any]) -> None:
        """Refuse settings of which no simulation can be made."""
        importlib.import_module("hifred.simulation").settings_from_mapping(
            name, settings
        )

    def simulate(
        self, name: str, settings: Mapping[str, Any], *, seed: int, path: Path
    ) -> None:
        """Simulate observations and save them at `path`."""
        simulation = importlib.import_module("hifred.simulation")
        chosen = simulation.settings_from_mapping(name, {"seed": seed, **settings})
        save_fusion_input(path, simulation.simulate(chosen))

    def result_bytes(self, path: Path) -> int:
        """Return about how large the cube of a trial is, bytes."""
        shapes = [
            dict(observation.sizes)
            for observation in open_fusion_input(path).observations.values()
        ]
        n_energies = max(sizes.get("energy", 1) for sizes in shapes)
        n_pixels = max(sizes["y"] * sizes["x"] for sizes in shapes)
        return 4 * n_energies * n_pixels

    def objective(self, settings: Mapping[str, Any]) -> str | None:
        """Return what is minimised; trials of one rank only share an objective."""
        if settings.get("mu") == "varying" or settings.get("solver") == "paper":
            return None
        kept = {k: v for k, v in settings.items() if k not in (*_WAY, "seed")}
        return repr(sorted(kept.items(), key=lambda item: item[0]))

    def begin(
        self,
        input_path: Path,
        settings: Mapping[str, Any],
        state: Arrays | None,
        initial: xr.Dataset | None = None,
    ) -> Attempt:
        return _FusionAttempt(input_path, settings, state, initial)


def _metrics(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics that cost fits of their own, checked."""
    metrics = settings.get("metrics") or {}
    for name in metrics:
        if name != "held_out":
            raise unknown_name("key in [metrics]", str(name), ["held_out"])
    if "held_out" not in metrics:
        return {}
    split = asdict(read_split(metrics["held_out"]))
    return {"metrics": {"held_out": split | {"seeds": list(split["seeds"])}}}


@final
class _FusionAttempt:
    def __init__(
        self,
        input_path: Path,
        settings: Mapping[str, Any],
        state: Arrays | None,
        initial: xr.Dataset | None,
    ) -> None:
        own = {k: v for k, v in settings.items() if k not in ("seed", "metrics")}
        self._settings = FusionSettings.read(own)
        self._metrics = _metrics(settings).get("metrics", {})
        self._input = open_fusion_input(input_path)
        self._fusion = Fusion(self._input.observations, self._settings)
        if state is not None:
            self._state = self._fusion.restore(state)
        elif initial is not None:
            self._state = self._fusion.start(initial)  # type: ignore[call-arg]
        else:
            self._state = self._fusion.start()
        self._first_gap = float(self._state.certificate)

    def step(self) -> Step:
        if self._state.outcome is None:
            self._state = self._fusion.step(self._state)
        done = self._state.outcome is not None
        fraction = 1.0 if done else self._fraction()
        return Step(self._state.iteration, float(self._state.cost), done, fraction)

    def _fraction(self) -> float | None:
        """Guess how far it is: the certificate falls about exponentially."""
        gap, aim = float(self._state.certificate), self._settings.tolerance
        if not math.isfinite(self._first_gap):
            self._first_gap = gap
        if not (math.isfinite(gap) and self._first_gap > aim and gap > 0):
            return None
        way = math.log(self._first_gap / gap) / math.log(self._first_gap / aim)
        return min(max(way, 0.0), 1.0)

    def state(self) -> dict[str, np.ndarray]:
        return dict(self._state.arrays())

    def result(self) -> xr.Dataset:
        outcome = self._state.outcome
        bad = outcome is not None and not outcome.is_usable
        if bad and outcome.name not in ("DIVERGED", "NOT_FINITE"):
            raise HifredError(outcome.value)
        result = self._fusion.result(self._state)
        if bad:
            return result
        cost = ((), float(self._state.cost), _OBJECTIVE)
        return result.merge(self._measures(result)).assign(objective=cost)

    def _measures(self, result: xr.Dataset) -> xr.Dataset:
        found = measure_fusion(result, self._input)
        if "held_out" not in self._metrics:
            return found
        split = read_split(self._metrics["held_out"])
        scores = held_out_deviance(self._input, self._settings, split)
        return found.merge(scores.drop_dims("split"))
