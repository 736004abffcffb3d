"""A fused cube wherever it is kept: a fusion's own file, a trial, a sweep's best."""

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from hifred.errors import HifredError, SettingsError
from hifred.observations import FusionInput
from hifred.posterior import Draws
from hifred.store import fusion_result
from hifred.store.export import NEEDED
from hifred.store.fusion_input import observations_digest, open_fusion_input
from hifred.store.posterior_draws import (
    draws_at_hand,
    fusion_draws_path,
    trial_draws_path,
)
from hifred.store.results import Results, open_results
from hifred.store.stored_schema import stored_schema
from hifred.store.trial_file import SUFFIX, input_path, open_trial


@dataclass(frozen=True, eq=False)
class FusedCube:
    """The result of a fusion and what it was made from.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    fusion_input : FusionInput or None
        Where it is known.
    name : str
        The trial, or the file.
    draws_path : Path
        Where draws of it lie unless the user says.
    """

    result: xr.Dataset
    fusion_input: FusionInput | None
    name: str
    draws_path: Path

    def draws(self, given: Path | None = None) -> Draws | None:
        """Return the draws that were given, else those at their place, else None."""
        return draws_at_hand(self.result, self.draws_path, given)


def open_fused(
    path: Path, trial: str | None = None, fusion_input: Path | None = None
) -> FusedCube:
    """Open the result of one fusion, and its input where that is known.

    Parameters
    ----------
    path : Path
        What `hifred fuse` wrote, a trial's file, or a sweep directory.
    trial : str, optional
        Of a sweep: the first digits of a trial's id; by default the best.
    fusion_input : Path, optional
        What was fused; a sweep knows its own.

    Raises
    ------
    HifredError
        If there is no cube, or `trial` is given and `path` is no sweep.
    """
    if stored_schema(path) == fusion_result.SCHEMA:
        _check_no_trial(path, trial)
        result = xr.open_zarr(path, consolidated=False)
        place = fusion_draws_path(path)
        return _whole(result, _opened(fusion_input), path.name, place)
    if path.name.endswith(SUFFIX):
        _check_no_trial(path, trial)
        result, root = open_trial(path), path.parents[2]
        known = fusion_input or _input_of(root, result.attrs["record"])
        name = path.name.removesuffix(SUFFIX)
        return _whole(result, _opened(known), name, trial_draws_path(root, name))
    results = open_results(path)
    chosen = results.trial(trial or _best(results))
    known = fusion_input or _input_of(results.root, chosen.values)
    place = trial_draws_path(results.root, chosen.id)
    return _whole(chosen.open(), _opened(known), chosen.id, place)


def check_same_input(result: xr.Dataset, fusion_input: FusionInput) -> None:
    """Raise `HifredError` if a fusion recorded the digest of other observations.

    One that recorded none passes.
    """
    recorded = result.attrs.get("observations_digest")
    if recorded is None:
        return
    found = observations_digest(fusion_input.observations)
    if recorded != found:
        raise HifredError(
            f"the input must be what was fused, with digest {recorded[:12]}; got "
            f"{found[:12]}: its counts or responses are others. Give "
            f"{result.attrs['input']} as it was then, or fuse again."
        )


def _check_no_trial(path: Path, trial: str | None) -> None:
    if trial is not None:
        raise SettingsError(
            f"trial must name one of a sweep; {path} is a single fusion. Leave it out."
        )


def _best(results: Results) -> str:
    frame = results.best(n=1)
    if not len(frame):
        raise HifredError(f"{results.root} must have a finished trial; it has none.")
    return str(frame.index[0])


def _input_of(root: Path, facts: object) -> Path | None:
    model = facts.get("model") if hasattr(facts, "get") else None
    path = input_path(root, str(model))
    return path if path.exists() else None


def _opened(path: Path | None) -> FusionInput | None:
    return None if path is None else open_fusion_input(path)


def _whole(
    result: xr.Dataset, fusion_input: FusionInput | None, name: str, draws_path: Path
) -> FusedCube:
    missing = NEEDED - set(result.variables)
    if missing:
        raise HifredError(
            f"{name} must hold a fused cube with its energies and pixels; it lacks "
            f"{', '.join(sorted(map(str, missing)))}."
        )
    return FusedCube(result, fusion_input, name, draws_path)
