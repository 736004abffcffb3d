"""Results of a sweep, for comparison: tables, grids, the best and their neighbours."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import pandas as pd
import xarray as xr

from hifred.errors import HifredError, unknown_name
from hifred.store.collected import SCHEMA
from hifred.store.generations import current_generation
from hifred.store.hypercube import hypercube
from hifred.store.neighbours import steps_from
from hifred.store.ranking import criterion, sorted_frame
from hifred.store.result_grid import grid_dims, trial_grid
from hifred.store.result_summary import summary_html, summary_text
from hifred.store.result_table import TRIAL
from hifred.store.trial_file import open_trial, trial_path
from hifred.store.trial_table import TrialTable
from hifred.store.whole_store import open_collected


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
        self._table = open_collected(generation)
        if self._table.attrs.get("schema") != SCHEMA:
            raise HifredError(f"{generation} must be collected results.")

    def __repr__(self) -> str:
        return summary_text(self.trials, self.root)

    def _repr_html_(self) -> str:
        return summary_html(self.trials, self.root)

    @property
    def attrs(self) -> dict[str, Any]:
        """Return what the store says about the sweep as a whole."""
        return dict(self._table.attrs)

    @property
    def cube_groups(self) -> list[str]:
        """Return the names of the groups of cubes that were collected."""
        return list(self._table.attrs["cube_groups"])

    @cached_property
    def trials(self) -> TrialTable:
        """All trials, one a row."""
        return TrialTable.of(self._table)

    @property
    def setting_names(self) -> list[str]:
        """Names of the settings, ``model`` and ``seed`` included."""
        return self.trials.setting_names

    @property
    def measure_names(self) -> list[str]:
        """Names of everything that was measured."""
        return self.trials.measure_names

    @property
    def _frame(self) -> pd.DataFrame:
        return self.trials.frame

    def table(self, where: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return all trials, one a row: settings, status, measures and facts.

        Parameters
        ----------
        where : mapping or None
            Setting to the value, or list of values, that it must have; see
            `TrialTable.mask`.
        """
        return self.trials.select(where).frame.copy()

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
        return open_collected(self.generation, f"cubes/{group}")

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
        last = [name for name in (y, x) if name is not None]
        chosen = self.trials.select(where)
        array = trial_grid(chosen, measure, grid_dims(chosen, last))
        single = [d for d in array.dims if array.sizes[d] == 1 and d not in last]
        return array.squeeze(single)

    def hypercube(
        self,
        variable: str = "flux",
        *,
        model: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> xr.DataArray:
        """Return the cubes of one model over everything that was swept, lazily.

        Parameters
        ----------
        variable : str
            ``flux``, or a map such as ``sam``.
        model : str or None
            Whose cubes; None = the only one that has some.
        where : mapping or None
            As in `table`.

        Returns
        -------
        DataArray
            Dims: mu, rank and whatever else was swept, then (energy, y, x); settings
            of one value are scalar coordinates. NaN where no cube was collected;
            the coordinates ``status`` and ``trial`` are those of `grid`.

        Raises
        ------
        HifredError
            If no cubes were collected, or two trials share a place.
        """
        model = model or self._only_group()
        cubes = self.cubes(model)
        if variable not in cubes:
            raise unknown_name("variable of cubes", variable, map(str, cubes))
        places = self.grid("seconds", where={**(where or {}), "model": model})
        return hypercube(cubes[variable], places)

    def _only_group(self) -> str:
        groups = self.cube_groups
        if len(groups) != 1:
            raise HifredError(
                f"model must be one of {', '.join(groups)}; got none."
                if groups
                else "cubes must have been collected; none were. "
                "Run `hifred collect DIR --cubes all`."
            )
        return groups[0]

    def best(
        self,
        by: str | None = None,
        n: int = 5,
        where: Mapping[str, Any] | None = None,
        *,
        each: str | None = None,
    ) -> pd.DataFrame:
        """Return the `n` best finished trials by measure `by`, the best first.

        Parameters
        ----------
        by : str, optional
            A measure that says which way is better, or ``"held_out"``: both scores
            of held-out counts together, see `held_out_rank`. By default the one that
            recommends, see `hifred.store.ranking`.
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
        chosen = self.trials.select(where)
        by = by or criterion(chosen)
        if by is None:
            return chosen.take(chosen.is_done).frame.head(n)
        frame = sorted_frame(chosen, by)
        if each is None:
            return frame.head(n)
        order = frame.groupby(each, sort=False).cumcount()
        return frame[order < n].sort_values(each, kind="stable")

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
        matching = [i for i in self._frame.index if i.startswith(name)]
        if len(matching) != 1:
            raise unknown_name("trial", name, self._frame.index[:20])
        return str(matching[0])

    def neighbours(self, trial_id: str) -> pd.DataFrame:
        """Return the trials one step away: the next value of one setting each.

        Returns
        -------
        DataFrame
            As `table`, with a first column ``step`` such as ``mu +``.
        """
        steps = steps_from(self.trials, self._full_id(trial_id))
        frame = self._frame.loc[[step.trial for step in steps]].copy()
        frame.insert(0, "step", [step.text for step in steps])
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
        frame = self.trials.select(settings).frame
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
