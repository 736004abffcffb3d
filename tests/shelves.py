"""Sweeps on disk to look at: real inputs and trial files, their numbers made up."""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from hifred.observations import FusionInput, build_sky_grid
from hifred.plots.shelf import Shelf
from hifred.store import (
    open_fusion_input,
    open_trial,
    publish_trial,
    save_fusion_input,
)
from hifred.store.posterior_draws import trial_draws_path
from hifred.store.trial_table import DONE, state_words
from tests.made_up import make_observations, make_result, make_truth

SETTINGS = {"target_resolution": "as_given", "boundary": "zero"}


def make_input(shape=(12, 9), n_energies=24, *, with_truth=True) -> FusionInput:
    truth = make_truth(shape, n_energies)
    observations = make_observations(truth)
    return FusionInput(observations, truth if with_truth else None)


def make_trial(fusion_input: FusionInput, seed: int) -> xr.Dataset:
    """Return a result as a kernel would, on the sky grid of its input."""
    truth = make_truth() if fusion_input.truth is None else fusion_input.truth
    result = make_result(truth, seed, spread=0.03 + 0.01 * seed)
    exposure = build_sky_grid(fusion_input.observations).reference_exposure
    result["reference_exposure"] = (
        "energy", exposure, {"units": "cm2 s", "long_name": "reference exposure"},
    )  # fmt: skip
    if fusion_input.truth is None:
        result = result.drop_vars(["sam", "relative_error"])
    return result.assign_attrs(settings=json.dumps(SETTINGS))


def trial_path(folder: Path, trial: str) -> Path:
    return folder / "trials" / trial[:2] / f"{trial}.zarr.zip"


def publish(folder: Path, trial: str, result: xr.Dataset) -> None:
    path = trial_path(folder, trial)
    path.parent.mkdir(parents=True, exist_ok=True)
    publish_trial(path, result, {"trial_id": trial})


def fill(folder: Path, table: xr.Dataset, *, with_truth: bool = True) -> Shelf:
    """Write an input per model and a file per finished trial; return their shelf."""
    for model in np.unique(table["model"]):
        fusion_input = make_input(with_truth=with_truth)
        save_fusion_input(folder / "inputs" / f"{model}.zarr", fusion_input)
    for i_trial, word in enumerate(state_words(table["status"])):
        if word == DONE:
            trial = str(table["trial"].to_numpy()[i_trial])
            publish(folder, trial, make_trial(fusion_input, i_trial % 11))
    return shelf_of(folder, table)


def shelf_of(folder: Path, table: xr.Dataset) -> Shelf:
    return Shelf(
        table,
        open_trial=lambda trial: open_trial(trial_path(folder, trial)),
        open_input=lambda model: open_fusion_input(folder / "inputs" / f"{model}.zarr"),
        draws_path=lambda trial: trial_draws_path(folder, trial),
    )
