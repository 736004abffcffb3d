"""Results of a sweep, for comparison: tables, grids, the best and their neighbours."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.store.collected import SCHEMA, current_generation, open_table
from hifred.store.held_out_rank import BOTH, NOT_HELD_OUT, SCORES, held_out_rank
from hifred.store.result_grid import dense_grid
from hifred.store.result_html import results_html
from hifred.store.result_table import TRIAL
from hifred.store.trial_file import open_trial, trial_path
from hifred.store.trial_row import STATUS_FLAGS

FACTS = ("seconds", "iterations", "attempt", "max_rss", "outcome", "message")
TOLERANCE = 1e-6
_NAMES = {flag: name for name, flag in STATUS_FLAGS.items()}


@final
class TrialResult:
    """One trial of the collected results.

    Attributes
    ----------
    id : str
        Its twelve hex digits.
    values : dict
        Settings, status, measures and facts, by name.
    """

    def __init__(self, results: "Results", values: Mapping[str, Any]) -> None:
        self.id = str(values[TRIAL])
        self.values = dict(values)
        self._results = results

    def __repr__(self) -> str:
        return f"TrialResult({self.id}, {self.values['status']})"

    def open(self) -> xr.Dataset:
        """Open the trial lazily: its own file, or else its collected cube and maps.

        Raises
        ------
        HifredError
            If neither is there.
        """
        path = trial_path(self._results.root, self.id)
        if path.exists():
            return open_trial(path)
        for name in self._results.cube_groups:
            cubes = self._results.cubes(name)
            if self.id in cubes[TRIAL].values:
                return cubes.sel({TRIAL: self.id})
        raise HifredError(
            f"trial {self.id} must be done to be opened; it is "
            f"{self.values['status']}, and its cube was not collected."
        )


@final
class Results:
    """The collected results of one sweep.

    Parameters
    ----------
    root : path
        The sweep directory.
    generation : path
        The collected store inside it.
    """

    def __init__(self, root: Path, generation: Path) -> None:
        self.root, self.generation = root, generation
        self._table = open_table(generation)
        if self._table.attrs.get("schema") != SCHEMA:
            raise HifredError(f"{generation} must be collected results.")

    def _repr_html_(self) -> str:
        return results_html(self.attrs, self._frame, self.root)

    @property
    def attrs(self) -> dict[str, Any]:
        """Return what the store says about the sweep as a whole."""
        return dict(self._table.attrs)

    @property
    def cube_groups(self) -> list[str]:
        """Return the names of the groups of cubes that were collected."""
        return list(self._table.attrs["cube_groups"])

    @cached_property
    def setting_names(self) -> list[str]:
        """Return the names of the settings, ``model`` and ``seed`` included."""
        return [str(name) for name in self._table.coords if name != TRIAL]

    @cached_property
    def measure_names(self) -> list[str]:
        """Return the names of everything that was measured."""
        other = {*FACTS, "status", "record"}
        return [str(name) for name in self._table.data_vars if name not in other]

    @cached_property
    def _frame(self) -> pd.DataFrame:
        names = [*self.setting_names, "status", *self.measure_names, *FACTS]
        columns = {name: _column(self._table[name].values) for name in names}
        frame = pd.DataFrame(columns, index=_column(self._table[TRIAL].values))
        frame.index.name = TRIAL
        frame["status"] = frame["status"].map(_NAMES)
        return frame

    def table(self, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return all trials, one a row: settings, status, measures and facts.

        Parameters
        ----------
        where : mapping or None
            Setting to the value, or list of values, that it must have; numbers agree
            to 1e-6 of themselves.
        """
        return self._frame[self._mask(where)].copy()

    def _mask(self, where: Mapping[str, Any] | None) -> np.ndarray:
        mask = np.ones(len(self._frame), dtype=bool)
        for name, wanted in (where or {}).items():
            if name not in self._frame:
                raise unknown_name("column", name, self._frame.columns)
            listed = wanted if isinstance(wanted, list | tuple) else [wanted]
            mask &= np.any([_agrees(self._frame[name], v) for v in listed], axis=0)
        return mask

    def dataset(self, model: str | None = None) -> xr.Dataset:
        """Return settings, status and measures, with the cubes of `model`, lazily.

        Parameters
        ----------
        model : str or None
            Name of a group of cubes; None = the only one, or no cubes.

        Returns
        -------
        Dataset
            With cubes: dims (trial, energy, y, x), of the trials that have one.
            Without: dims (trial), of all trials.
        """
        groups = self.cube_groups
        if model is None and len(groups) != 1:
            return self._table
        cubes = self.cubes(model or groups[0])
        table = self._table.sel({TRIAL: cubes[TRIAL].values})
        return table.assign(cubes.data_vars).assign_coords(cubes.coords)

    def cubes(self, group: str) -> xr.Dataset:
        """Return the cubes and maps of one group, lazily; dims (trial, energy, y, x).

        Raises
        ------
        SettingsError
            If there is no such group.
        """
        if group not in self.cube_groups:
            raise unknown_name("group of cubes", group, self.cube_groups)
        folder = self.generation / "cubes" / group
        return xr.open_zarr(folder, consolidated=False, chunks=None)

    def grid(
        self,
        measure: str,
        *,
        x: str | None = None,
        y: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> xr.DataArray:
        """Return one measure as a dense array over everything that was swept.

        Parameters
        ----------
        measure : str
            What to show.
        x, y : str or None
            Settings that become the last two dims, ``(y, x)``.
        where : mapping or None
            As in `table`.

        Returns
        -------
        DataArray
            Dims: model, regularizer, mu, rank and whatever else was swept; those with
            one value are scalar coordinates. Its coordinate ``status`` tells why there
            is no value (255 = not planned); ``trial`` names the trial.

        Raises
        ------
        HifredError
            If two trials share a place: `where` must tell them apart.
        """
        if measure not in (*self.measure_names, *FACTS[:4]):
            raise unknown_name("measure", measure, self.measure_names)
        frame = self._frame[self._mask(where)]
        last = [name for name in (y, x) if name is not None]
        for name in last:
            if name not in self.setting_names:
                raise unknown_name("setting", name, self.setting_names)
        array = dense_grid(frame, measure, self.setting_names, last)
        array.attrs = dict(self._table[measure].attrs)
        return array

    def best(
        self,
        by: str,
        n: int = 5,
        where: Mapping[str, Any] | None = None,
        *,
        each: str | None = None,
    ) -> pd.DataFrame:
        """Return the `n` best finished trials by measure `by`, the best first.

        Parameters
        ----------
        by : str
            A measure that says which way is better, or ``"held_out"``: both scores
            of held-out counts together, see `held_out_rank`.
        n : int
        where : mapping, optional
            Only trials with these settings.
        each : str, optional
            A setting: the `n` best for each of its values.

        Raises
        ------
        HifredError
            If there is no such measure or setting, or it has no direction.
        """
        if each is not None and each not in self.setting_names:
            raise unknown_name("setting", each, self.setting_names)
        known = [*self.measure_names, *FACTS[:4]]
        together = by == BOTH
        if together and not set(SCORES) <= set(known):
            raise HifredError(NOT_HELD_OUT)
        if by not in known and not together:
            raise unknown_name("measure", by, self.measure_names)
        frame = self.table(where)
        frame = frame[frame["status"] == "done"]
        if together:
            frame = frame.assign(**{BOTH: held_out_rank(frame)})
        frame = frame[frame[by].notna()]
        frame = frame.sort_values(by, ascending=not self._is_higher(by))
        if each is None:
            return frame.head(n)
        order = frame.groupby(each, sort=False).cumcount()
        return frame[order < n].sort_values(each, kind="stable")

    def _is_higher(self, measure: str) -> bool:
        if measure == BOTH:
            return False
        direction = self._table[measure].attrs.get("direction", "lower")
        return bool(direction == "higher")

    def compare(self, ids: Sequence[str]) -> pd.DataFrame:
        """Return the trials `ids` side by side: settings that differ, all measures.

        Raises
        ------
        SettingsError
            If an id is unknown; its first digits are enough.
        """
        frame = self._frame.loc[[self._full_id(name) for name in ids]]
        differing = [
            name for name in self.setting_names if frame[name].nunique(dropna=False) > 1
        ]
        return frame[[*differing, "status", *self.measure_names, "seconds"]].T

    def _full_id(self, name: str) -> str:
        found = [i for i in self._frame.index if i.startswith(name)]
        if len(found) != 1:
            raise unknown_name("trial", name, self._frame.index[:20])
        return str(found[0])

    def neighbours(self, trial_id: str) -> pd.DataFrame:
        """Return the trials one step away: the next value of one setting each.

        Returns
        -------
        DataFrame
            As `table`, with a first column ``step`` such as ``mu +``.
        """
        here = self._frame.loc[self._full_id(trial_id)]
        found = []
        for name in self.setting_names:
            others = [n for n in self.setting_names if n != name]
            same = np.all([_same(self._frame[n], here[n]) for n in others], axis=0)
            found += _steps(self._frame[same], name, here[name])
        frame = self._frame.loc[[i for _, i in found]].copy()
        frame.insert(0, "step", [step for step, _ in found])
        return frame

    def trial(self, trial_id: str | None = None, **settings: Any) -> TrialResult:
        """Return one trial, by id or by settings; numbers agree to 1e-6 of themselves.

        Raises
        ------
        HifredError
            If none or several fit, with what there is.
        """
        if trial_id is not None:
            name = self._full_id(trial_id)
            return TrialResult(self, {TRIAL: name, **self._frame.loc[name]})
        for name in settings:
            if name not in self.setting_names:
                raise unknown_name("setting", name, self.setting_names)
        frame = self._frame[self._mask(settings)]
        if len(frame) == 1:
            return TrialResult(self, {TRIAL: frame.index[0], **frame.iloc[0]})
        raise HifredError(self._ambiguous(settings, frame))

    def _ambiguous(self, settings: Mapping[str, Any], frame: pd.DataFrame) -> str:
        asked = ", ".join(f"{name}={value}" for name, value in settings.items())
        if len(frame):
            differing = [
                n for n in self.setting_names if frame[n].nunique(dropna=False) > 1
            ]
            return (
                f"settings must name one trial; {asked} fits {len(frame)}. "
                f"Add {' or '.join(differing)}."
            )
        there = "; ".join(
            f"{name}: {', '.join(map(str, self._frame[name].dropna().unique()[:12]))}"
            for name in settings
        )
        return f"settings must name one trial; {asked} fits none. There is {there}."


def _column(values: np.ndarray) -> Any:
    if values.dtype.kind == "T":
        return values.astype(object)
    return values


def _agrees(column: pd.Series, wanted: Any) -> np.ndarray:
    if isinstance(wanted, str) or not pd.api.types.is_numeric_dtype(column):
        return np.asarray(column.astype(object) == wanted)
    return np.isclose(column.astype(float), float(wanted), rtol=TOLERANCE, atol=0.0)


def _same(column: pd.Series, value: Any) -> np.ndarray:
    if pd.isna(value):
        return np.asarray(column.isna())
    return np.asarray(column == value)


def _steps(frame: pd.DataFrame, name: str, here: Any) -> list[tuple[str, str]]:
    others = frame[frame[name].notna() & (frame[name] != here)]
    if isinstance(here, str):
        return [(f"{name} = {row[name]}", str(i)) for i, row in others.iterrows()]
    if pd.isna(here):
        return []
    found = []
    above, below = others[others[name] > here], others[others[name] < here]
    if len(below):
        found.append((f"{name} -", str(below[name].idxmax())))
    if len(above):
        found.append((f"{name} +", str(above[name].idxmin())))
    return found


def open_results(path: str | Path) -> Results:
    """Open the collected results of a sweep directory, or one generation of them.

    Raises
    ------
    HifredError
        If nothing has been collected there.
    """
    path = Path(path)
    if path.suffix == ".zarr":
        return Results(path.resolve().parents[1], path)
    generation = current_generation(path / "results")
    if generation is None:
        raise HifredError(
            f"results must be collected first; {path} has none. "
            f"Run `hifred collect {path}`."
        )
    return Results(path, generation)
