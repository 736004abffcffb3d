"""A fused cube wherever it is kept: a fusion's own file, a trial, a sweep's best."""

import logging
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from hifred.errors import HifredError, SettingsError
from hifred.observations import FusionInput
from hifred.posterior import Draws
from hifred.products.draws import SpreadCubes
from hifred.store import fusion_input as stored_input
from hifred.store import fusion_result, line_maps, posterior_draws, refit_cubes
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

logger = logging.getLogger(__name__)

# Schemas of files that lie beside fusions.
NOT_FUSED = {
    posterior_draws.SCHEMA: "draws of one",
    refit_cubes.SCHEMA: "the errors of one, of a bootstrap",
    line_maps.SCHEMA: "line maps",
}


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

    def drawn_cubes(self, given: Path | None = None) -> SpreadCubes | None:
        """Return the same, or the refits of a bootstrap where those were given."""
        if given is not None and stored_schema(given) == refit_cubes.SCHEMA:
            return refit_cubes.read_refits(given, self.result)
        return self.draws(given)


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
        What was fused; by default where `hifred fuse` found it, or beside `path` under
        that name. A sweep knows its own.

    Raises
    ------
    HifredError
        If there is no cube, `trial` is given and `path` is no sweep, or `fusion_input`
        is not what was fused.
    """
    if stored_schema(path) == fusion_result.SCHEMA:
        _check_no_trial(path, trial)
        result = xr.open_zarr(path, consolidated=False)
        found = _given(result, fusion_input) or _recorded(result, path)
        return _whole(result, found, path.name, fusion_draws_path(path))
    _check_fused(path)
    if path.name.endswith(SUFFIX):
        _check_no_trial(path, trial)
        result, root = open_trial(path), path.parents[2]
        known = _given(result, fusion_input) or _input_of(root, result.attrs["record"])
        name = path.name.removesuffix(SUFFIX)
        return _whole(result, known, name, trial_draws_path(root, name))
    results = open_results(path)
    chosen = results.trial(trial or _best(results))
    result = chosen.open()
    known = _given(result, fusion_input) or _input_of(results.root, chosen.values)
    place = trial_draws_path(results.root, chosen.id)
    return _whole(result, known, chosen.id, place)


def check_same_input(result: xr.Dataset, fusion_input: FusionInput) -> None:
    """Raise `HifredError` if a fusion recorded the digest of other observations.

    One that recorded none, as trials of a sweep, must have the energies of the input.
    """
    recorded = result.attrs.get("observations_digest")
    if recorded is None:
        _check_energies(result, fusion_input)
        return
    found = observations_digest(fusion_input.observations)
    if recorded != found:
        raise HifredError(
            f"the input must be what was fused, with digest {recorded[:12]}; got "
            f"{found[:12]}: its counts or responses are others. Give "
            f"{result.attrs['input']!r} as it was then, or fuse again."
        )


def _check_energies(result: xr.Dataset, fusion_input: FusionInput) -> None:
    n_fused = result.sizes.get("energy")
    for observation in fusion_input.observations.values():
        if observation.sizes["energy"] != n_fused:
            raise HifredError(
                f"input must be what was fused; it has {observation.sizes['energy']} "
                f"energies and the fusion {n_fused}. Give the input of `hifred fuse`."
            )


def _given(result: xr.Dataset, path: Path | None) -> FusionInput | None:
    if path is None:
        return None
    found = open_fusion_input(path)
    check_same_input(result, found)
    return found


def _recorded(result: xr.Dataset, path: Path) -> FusionInput | None:
    """Return what was fused, if it still is where it was, or beside the result."""
    recorded = Path(str(result.attrs.get("input", "")))
    places = [recorded, path.parent / recorded.name]
    for place in (p for p in places if stored_schema(p) == stored_input.SCHEMA):
        try:
            return _given(result, place)
        except HifredError as error:
            logger.warning("going on without the input of %s: %s", path, error)
    return None


def _check_fused(path: Path) -> None:
    """Raise `HifredError` for what may be taken for a fusion and is something else."""
    schema = stored_schema(path)
    if not path.exists():
        raise HifredError(f"result must be a fusion or a sweep; there is no {path}.")
    if schema == stored_input.SCHEMA:
        found = "is an input, from which nothing is fused yet"
        advice = f"Fuse it: `hifred fuse {path} -o fused.zarr`."
    elif schema in NOT_FUSED:
        found = f"holds {NOT_FUSED[schema]}"
        advice = "Give what `hifred fuse` wrote."
    else:
        return
    raise HifredError(f"result must be a fusion or a sweep; {path} {found}. {advice}")


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


def _input_of(root: Path, facts: object) -> FusionInput | None:
    model = facts.get("model") if hasattr(facts, "get") else None
    path = input_path(root, str(model))
    return open_fusion_input(path) if path.exists() else None


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
