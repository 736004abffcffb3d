"""Posterior draws as tasks: each kept as soon as it is made, shared among workers."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from pydantic import Field

from hifred.errors import HifredError
from hifred.posterior import Draws, Sampler, check_by_refits
from hifred.settings import Whole, settings
from hifred.settings.kinds import Seed
from hifred.store.durable import publish_once
from hifred.store.fused import FusedCube, open_fused
from hifred.store.posterior_draws import check_draws_target, save_draws
from hifred.sweep.executors.executor import Executor, as_finished

# Draws that an earlier version kept are of another kind, and are not gone on with.
KIND_OF_DRAWS = b"3"


@settings
class SamplePlan:
    """How many draws there shall be, and which."""

    n_draws: Whole = Field(default=100, ge=2, description="Draws of the cube.")
    seed: Seed = Field(
        default=0, description="Each draw depends on it and on its own number."
    )
    n_checks: Whole = Field(
        default=1,
        ge=0,
        description="Draws that are simulated and refitted, to check the intervals.",
    )


def run_sample(
    result: Path,
    *,
    plan: SamplePlan,
    executor: Executor,
    output: Path | None = None,
    trial: str | None = None,
    fusion_input: Path | None = None,
    on_progress: Callable[[str], None] = lambda text: None,
) -> tuple[Path, Draws]:
    """Draw from the posterior of a fusion, and save the draws as Zarr.

    What was drawn before an interruption is not drawn again. At last some draws are
    simulated and refitted, in this process.

    Parameters
    ----------
    result : path
        What `hifred fuse` wrote, a trial's file, or a sweep directory.
    plan : SamplePlan
    executor : Executor
        Where the tasks run; not yet entered.
    output : path, optional
        A new or empty folder, or earlier draws, which are replaced; by default where
        other commands look for them.
    trial : str, optional
        Of a sweep; by default the best.
    fusion_input : path, optional
        What was fused; a sweep knows its own.
    on_progress : callable
        Called with a few words after every step.

    Returns
    -------
    (path, Draws)
        Where they are, and what they are.

    Raises
    ------
    HifredError
        If the result cannot be sampled, or its input is not known.
    """
    where = result, trial, fusion_input
    on_progress("setting up")
    fused, sampler = _begun(*where)
    output = output or fused.draws_path
    check_draws_target(output)
    folder = _kept_in(output, fused.result, plan)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [i for i in range(plan.n_draws) if not _draw_path(folder, i).exists()]
    with executor:
        if executor.isolated:
            _share_out(executor, (*where, folder, plan.seed), missing, on_progress)
        else:
            for n_before, i_draw in enumerate(missing):
                on_progress(f"draw {n_before + 1} of {len(missing)}")
                _keep(folder, i_draw, sampler.draw(plan.seed, i_draw))
    images = [np.load(_draw_path(folder, i)) for i in range(plan.n_draws)]
    draws = sampler.draws(np.stack(images, axis=-1))
    checked = check_by_refits(
        sampler, n_refits=plan.n_checks, seed=plan.seed, on_progress=on_progress
    )
    draws = draws.checked(checked)
    save_draws(output, draws)
    shutil.rmtree(folder)
    return output, draws


def draw_task(
    result: Path,
    trial: str | None,
    fusion_input: Path | None,
    folder: Path,
    seed: int,
    numbers: Sequence[int],
) -> int:
    """Make and keep some draws in a worker, which opens the input itself."""
    _, sampler = _begun(result, trial, fusion_input)
    for i_draw in numbers:
        _keep(folder, i_draw, sampler.draw(seed, i_draw))
    return len(numbers)


def _begun(
    result: Path, trial: str | None, fusion_input: Path | None
) -> tuple[FusedCube, Sampler]:
    """Return a fused cube, and what draws from its posterior."""
    fused = open_fused(result, trial, fusion_input)
    if fused.fusion_input is None:
        raise HifredError(
            f"what was fused must be known to sample {result}; got no input. "
            "Give it with --input."
        )
    return fused, Sampler(fused.result.load(), fused.fusion_input.observations)


def _share_out(
    executor: Executor,
    task: tuple[Path, str | None, Path | None, Path, int],
    missing: Sequence[int],
    on_progress: Callable[[str], None],
) -> None:
    parts = np.array_split(np.array(missing, int), executor.capacity)
    tasks = [(*task, [int(i) for i in part]) for part in parts if len(part)]
    n_done = 0
    for future in as_finished(executor.submit(draw_task, tasks)):
        n_done += future.result()
        on_progress(f"{n_done} of {len(missing)} draws")


def _kept_in(output: Path, fused: xr.Dataset, plan: SamplePlan) -> Path:
    """Return the folder of the draws of this result and seed, beside the output."""
    digest = hashlib.sha256(KIND_OF_DRAWS + fused.attrs.get("settings", "").encode())
    for name in ("spectral_basis", "coefficients"):
        if name in fused:
            digest.update(np.ascontiguousarray(fused[name].to_numpy()).tobytes())
    digest.update(str(plan.seed).encode())
    return output.with_name(f".{output.name}.{digest.hexdigest()[:12]}.draws")


def _draw_path(folder: Path, i_draw: int) -> Path:
    return folder / f"{i_draw:06d}.npy"


def _keep(folder: Path, i_draw: int, images: np.ndarray) -> None:
    single = images.astype(np.float32)
    publish_once(_draw_path(folder, i_draw), lambda file: np.save(file, single))
