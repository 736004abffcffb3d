"""The real computation behind a trial: fuse the observations, measure the result."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import xarray as xr

from hifred.simulation import settings_from_mapping, simulate
from hifred.store.fusion_input import (
    input_digest,
    open_fusion_input,
    save_fusion_input,
)
from hifred.sweep.kernels.code_digest import code_digests
from hifred.sweep.kernels.fusion_attempt import FusionAttempt
from hifred.sweep.kernels.fusion_task import FusionTask
from hifred.sweep.kernels.input_limits import InputLimits
from hifred.sweep.kernels.kernel import Arrays, Attempt, Kernel, Settings, TrialCheck

# Settings that choose the way to the minimum, not the minimum.
_WAY = ("solver", "tolerance", "max_iterations", "step_size", "precision")


@final
@dataclass(frozen=True)
class FusionKernel(Kernel):
    """Fuse the observations of a model with one set of settings.

    Parameters
    ----------
    tag : str
        Changed by hand when results change on purpose.
    """

    tag: str = "fusion-1"

    # A fusion can start from another's result.
    can_warm_start = True
    fixed_on_paths = ("rank", "velocity_km_s", "margin_pixels", "margin_channels")

    def parts(self) -> dict[str, str]:
        return code_digests()

    def active(self, settings: Settings) -> dict[str, object]:
        return FusionTask.read(settings).active()

    def input_digest(self, path: Path) -> str:
        return input_digest(path)

    def check_input(self, path: Path) -> None:
        open_fusion_input(path)

    def check_simulation(self, name: str, settings: Settings) -> None:
        settings_from_mapping(name, settings)

    def simulate(self, name: str, settings: Settings, *, seed: int, path: Path) -> None:
        chosen = settings_from_mapping(name, {"seed": seed, **settings})
        save_fusion_input(path, simulate(chosen))

    def trial_check(self, name: str, model: Path | Settings) -> TrialCheck:
        if isinstance(model, Path):
            return InputLimits.of_input(model).check
        return InputLimits.of_simulation(settings_from_mapping(name, model)).check

    def result_bytes(self, path: Path) -> int:
        """Return about how large the cube of a trial is, bytes."""
        shapes = [
            dict(observation.sizes)
            for observation in open_fusion_input(path).observations.values()
        ]
        n_energies = max(sizes.get("energy", 1) for sizes in shapes)
        n_pixels = max(sizes["y"] * sizes["x"] for sizes in shapes)
        return 4 * n_energies * n_pixels

    def objective(self, settings: Settings) -> str | None:
        """Return what is minimised; trials of one rank only share an objective."""
        if settings.get("mu") == "varying" or settings.get("solver") == "paper":
            return None
        kept = {k: v for k, v in settings.items() if k not in (*_WAY, "seed")}
        return repr(sorted(kept.items(), key=lambda item: item[0]))

    def begin(
        self,
        input_path: Path,
        settings: Settings,
        state: Arrays | None,
        initial: xr.Dataset | None = None,
    ) -> Attempt:
        return FusionAttempt(input_path, FusionTask.read(settings), state, initial)
