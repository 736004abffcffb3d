"""A bootstrap as tasks: refits of Poisson draws, shared out among workers."""

import functools
import json
import operator
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr
from pydantic import Field

from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.observations import FusionInput
from hifred.selection import (
    Refits,
    bootstrap_summary,
    corrected_summary,
    less_its_bias,
    refit,
)
from hifred.selection.bootstrap import DrawKind
from hifred.settings import Switch, Whole, settings
from hifred.settings.kinds import Seed
from hifred.store import open_fusion_input
from hifred.store.durable import part_beside, replace_folder
from hifred.store.refit_cubes import SCHEMA, append_refits
from hifred.store.whole_zarr import save_zarr
from hifred.sweep.executors.executor import Executor, TaskFuture, as_finished

# Tasks per worker: enough to see progress, few enough to open the input seldom.
TASKS_PER_WORKER = 4


@settings
class BootstrapPlan:
    """What is drawn and kept."""

    n_draws: Whole = Field(
        default=20, ge=2, description="Poisson draws, each refitted once."
    )
    seed: Seed = Field(default=1, description="Of the first draw; the others follow.")
    n_bands: Whole = Field(
        default=8,
        ge=1,
        description="Bands of equal width whose images are kept of every refit.",
    )
    kind: DrawKind = Field(
        default="model",
        description="Draw about what the fusion expects, or about the counts "
        "themselves.",
    )
    bias_steps: Whole = Field(
        default=1,
        ge=0,
        le=10,
        description="Times that the bias is estimated anew from refits of what a fit "
        "expects, and taken off; each costs one more refit of every draw.",
    )
    keep_refits: Switch = Field(
        default=False,
        description="Keep the cube of every refit, less its bias: line maps, regions "
        "and exports then take their errors from them, as from draws.",
    )


def run_bootstrap(
    path: Path,
    settings: FusionSettings,
    *,
    plan: BootstrapPlan,
    executor: Executor,
    output: Path,
    on_progress: Callable[[str], None] = lambda text: None,
) -> xr.Dataset:
    """Fuse, refit Poisson draws as tasks, and save standard errors as Zarr.

    Parameters
    ----------
    path : path
        A fusion input.
    settings : FusionSettings
    plan : BootstrapPlan
    executor : Executor
        Where the tasks run; not yet entered.
    output : path
        Folder to write, which must not exist.
    on_progress : callable
        Called with a few words after every step.

    Returns
    -------
    Dataset
        See `hifred.selection.bootstrap_summary` and, with `bias_steps`,
        `hifred.selection.corrected_summary`; with the ``flux`` of the fit.
    """
    if output.exists():
        raise HifredError(f"output must not exist yet; got {output}. Choose another.")
    scratch = part_beside(output)  # every worker reads the fit there
    try:
        fusion_input = open_fusion_input(path)
        on_progress("fusing the recorded counts")
        result = fuse(fusion_input.observations, settings)
        save_zarr(result[["flux"]], scratch / "fit")
        with executor:
            refits = _refits(
                (path, scratch / "fit", settings), plan, executor, on_progress
            )
        on_progress("summing up")
        summary = _summary(refits, result, fusion_input, settings, plan)
        summary = summary.assign(flux=result["flux"]).assign_attrs(
            schema=SCHEMA,
            schema_version=1,
            settings=result.attrs["settings"],
            plan=json.dumps(asdict(plan)),
        )
        with replace_folder(output) as part:
            save_zarr(summary, part)
            append_refits(part, _kept(scratch, plan))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return summary


def _kept(scratch: Path, plan: BootstrapPlan) -> Iterator[np.ndarray]:
    """Yield the cubes that were kept, in the order of their seeds."""
    for seed in _seeds(plan) if plan.keep_refits else ():
        yield np.load(_kept_path(scratch, int(seed)))


def _seeds(plan: BootstrapPlan) -> np.ndarray:
    return np.arange(plan.n_draws) + plan.seed


def _kept_path(scratch: Path, seed: int) -> Path:
    return scratch / f"{seed}.npy"


def _summary(
    refits: Refits,
    result: xr.Dataset,
    fusion_input: FusionInput,
    settings: FusionSettings,
    plan: BootstrapPlan,
) -> xr.Dataset:
    truth, observations = fusion_input.truth, fusion_input.observations
    if not plan.bias_steps:
        return bootstrap_summary(refits, result, truth)
    corrected = less_its_bias(result, observations, settings, plan.bias_steps)
    return corrected_summary(refits, result, corrected, truth)


def _refits(
    task: tuple[Path, Path, FusionSettings],
    plan: BootstrapPlan,
    executor: Executor,
    on_progress: Callable[[str], None],
) -> Refits:
    n_tasks = min(plan.n_draws, TASKS_PER_WORKER * executor.capacity)
    seeds = np.array_split(_seeds(plan), n_tasks)
    on_progress(f"refitting {plan.n_draws} draws")
    tasks = [(*task, plan, [int(s) for s in part]) for part in seeds]
    futures = executor.submit(refit_task, tasks)
    parts: dict[TaskFuture[Refits], Refits] = {}
    for future in as_finished(futures):
        parts[future] = future.result()
        n_done = sum(part.n_refits for part in parts.values())
        on_progress(f"refitted {n_done} of {plan.n_draws} draws")
    # In the order of the seeds: sums of floats depend on it.
    return functools.reduce(operator.add, [parts[future] for future in futures])


def refit_task(
    path: str | os.PathLike[str],
    fit: str | os.PathLike[str],
    settings: FusionSettings,
    plan: BootstrapPlan,
    seeds: Sequence[int],
) -> Refits:
    """Refit some draws in a worker, which opens the input itself.

    Parameters
    ----------
    path, fit : path
        The fusion input and the Zarr store of its fusion; beside it cubes are kept.
    settings : FusionSettings
    plan : BootstrapPlan
    seeds : sequence of int
        The draws of this task.
    """

    def keep(seed: int, flux: np.ndarray) -> None:
        if plan.keep_refits:
            np.save(_kept_path(Path(fit).parent, seed), flux.astype(np.float32))

    with xr.open_zarr(fit) as result:
        return refit(
            open_fusion_input(path),
            settings,
            result.load(),
            seeds,
            n_bands=plan.n_bands,
            kind=plan.kind,
            bias_steps=plan.bias_steps,
            on_refit=keep,
        )
