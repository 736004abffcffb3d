"""The real computation behind a trial: fuse the observations, measure the result."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr

from hifred.store import input_digest, open_fusion_input
from hifred.sweep.kernel import Arrays, Attempt, Step


@final
@dataclass(frozen=True)
class FusionKernel:
    """Fuse the observations of a model with one set of settings."""

    tag: str = "fusion-1"

    def active(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        fusion = importlib.import_module("hifred.fusion")
        return dict(fusion.active_settings(fusion.FusionSettings.read(dict(settings))))

    def input_digest(self, path: Path) -> str:
        return input_digest(path)

    def check_input(self, path: Path) -> None:
        open_fusion_input(path)

    def begin(
        self, input_path: Path, settings: Mapping[str, Any], state: Arrays | None
    ) -> Attempt:
        return _FusionAttempt(input_path, settings, state)


@final
class _FusionAttempt:
    def __init__(
        self, input_path: Path, settings: Mapping[str, Any], state: Arrays | None
    ) -> None:
        fusion = importlib.import_module("hifred.fusion")
        own = {name: value for name, value in settings.items() if name != "seed"}
        self._input = open_fusion_input(input_path)
        self._fusion = fusion.Fusion(
            self._input.observations, fusion.FusionSettings.read(own)
        )
        self._state = (
            self._fusion.start() if state is None else self._fusion.restore(state)
        )

    def step(self) -> Step:
        self._state = self._fusion.step(self._state)
        done = self._state.outcome is not None
        return Step(self._state.iteration, float(self._state.cost), done)

    def state(self) -> dict[str, np.ndarray]:
        return dict(self._state.arrays())

    def result(self) -> xr.Dataset:
        result: xr.Dataset = self._fusion.result(self._state)
        return result
