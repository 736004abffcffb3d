"""The cubes of a sweep: read when they are looked at, the latest few kept."""

import contextlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, final

import numpy as np
import pandas as pd
import xarray as xr

from hifred.errors import HifredError
from hifred.observations import CountsModel, FusionInput, geometry_of
from hifred.plots.layers import Layer, counts_layers, fusion_layer, truth_layer
from hifred.plots.residuals import with_values
from hifred.plots.trial_grid import Source, trials_of
from hifred.posterior import Draws
from hifred.selection.draw_verdicts import draw_verdicts
from hifred.selection.residual_verdicts import residual_verdicts
from hifred.selection.verdicts import Verdict, sweep_verdicts
from hifred.store import open_fusion_input, open_results
from hifred.store.fusion_input import instrument_roles
from hifred.store.generations import current_generation
from hifred.store.posterior_draws import draws_at_hand, trial_draws_path
from hifred.store.trial_table import DONE, SettingKey
from hifred.sweep import collect, snapshot
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.trial_lines import TrialLines
from hifred.sweep.watch.states import BAD_STATES

MIB = 2**20
V = TypeVar("V")


@final
class Recent(Generic[V]):
    """The values made last, as long as they fit into a number of bytes.

    Parameters
    ----------
    make : callable
        Returns the value of a key, and its size in bytes.
    max_bytes : int
        How much is kept; the latest value always is.
    """

    def __init__(self, make: Callable[[str], tuple[V, int]], max_bytes: int) -> None:
        self._make = make
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, tuple[V, int]] = OrderedDict()

    def get(self, key: str) -> V:
        """Return the value of `key`, made now or kept from before."""
        if key not in self._kept:
            self._kept[key] = self._make(key)
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and self.n_bytes > self._max_bytes:
            self._kept.popitem(last=False)
        return self._kept[key][0]

    @property
    def n_bytes(self) -> int:
        """Bytes kept."""
        return sum(size for _, size in self._kept.values())


@final
class Shelf:
    """Trials and inputs of one sweep, opened on demand.

    Parameters
    ----------
    source : Results, TrialTable or Dataset
        Settings, status and measures of the trials; their cubes are not read.
    open_trial : callable
        Returns the lazily opened dataset of a finished trial from its id.
    open_input : callable
        Returns the fusion input of a model from its name.
    draws_path : callable, optional
        Returns where the draws of a trial are, if it has any.
    open_lines : callable, optional
        Returns the line maps of a trial, None if it has none.
    open_roles : callable, optional
        Returns the roles of a model's instruments; by default its input is read.
    input_verdicts : callable, optional
        Of an input that nothing is fused from yet: returns what to say of it.
    max_bytes : int
        How much of the trials, and as much of the inputs, is kept in memory.
    """

    def __init__(
        self,
        source: Source,
        *,
        open_trial: Callable[[str], xr.Dataset],
        open_input: Callable[[str], FusionInput],
        draws_path: Callable[[str], Path] | None = None,
        open_lines: Callable[[str], xr.Dataset | None] = lambda trial: None,
        open_roles: Callable[[str], list[str]] | None = None,
        input_verdicts: Callable[[], list[Verdict]] | None = None,
        max_bytes: int = 192 * MIB,
    ) -> None:
        self.table = trials_of(source)
        self._open_trial = open_trial
        self._draws_path = draws_path
        self._input_verdicts = input_verdicts
        self.line_maps = open_lines
        self._open_roles = open_roles or self._roles
        self._refused_draws: dict[str, str] = {}
        self._trials = Recent(self._load_trial, max_bytes)
        self._predictions = Recent(self._predict, max_bytes // 4)
        self._inputs = Recent(lambda name: _sized_input(open_input(name)), max_bytes)
        self._verdicts: list[Verdict] | None = None
        self._models = Recent(self._build_model, max_bytes // 4)

    @property
    def is_input(self) -> bool:
        """Whether it holds an input alone, and no fusion."""
        return self._input_verdicts is not None

    def word(self, trial: str) -> str:
        """Return the state of a trial."""
        return str(self.row(trial)["status"])

    def is_done(self, trial: str) -> bool:
        """Whether a trial has a result."""
        return self.word(trial) == DONE

    def row(self, trial: str) -> pd.Series:
        """Return settings, status and measures of one trial."""
        return self.table.frame.loc[trial]

    def model_of(self, trial: str) -> str:
        """Return the name of the input that a trial fused."""
        return str(self.row(trial)["model"])

    def label(self, trial: str) -> str:
        """Return a trial's settings as a short text, such as ``lrs mu 0.01 rank 5``."""
        return self.table.label(trial)

    def setting(self, trial: str, name: str) -> SettingKey:
        """Return a setting of a trial; None where it does not read it."""
        return self.table.setting(trial, name)

    def input(self, model: str) -> FusionInput:
        """Return the observations of a model, and its truth if it has one."""
        return self._inputs.get(model).fusion_input

    def trial(self, trial: str) -> xr.Dataset:
        """Return the result of a finished trial, in memory."""
        return self._trials.get(trial)[0]

    def fusion(self, trial: str) -> Layer:
        """Return the fused cube of a finished trial."""
        return self._trials.get(trial)[1]

    def draws(self, trial: str) -> Draws | None:
        """Return the draws of a finished trial, from its place; None without any."""
        return self._draws_of(trial, self.trial(trial))

    def draw_verdicts(self, trial: str) -> list[Verdict]:
        """Return what is known of the errors that draws of a finished trial give."""
        draws, model = self.fusion(trial).draws, self.model_of(trial)
        return draw_verdicts(model, trial, draws, self._refused_draws.get(trial))

    def truth(self, model: str) -> Layer | None:
        """Return the true sky of a model; None on real data."""
        return self._inputs.get(model).truth

    def counts(self, model: str) -> dict[str, Layer]:
        """Return the counts of a model by instrument."""
        return self._inputs.get(model).counts

    def roles(self) -> dict[str, list[str]]:
        """Return the roles of each model's instruments, but of inputs that are gone."""
        found = {}
        for model in dict.fromkeys(map(str, self.table.frame["model"])):
            with contextlib.suppress(HifredError):
                found[model] = self._open_roles(model)
        return found

    def predictions(self, trial: str) -> dict[str, Layer]:
        """Return what a finished trial expects each instrument to count."""
        expected = self._predictions.get(trial)
        counts = self.counts(self.model_of(trial))
        return {
            name: with_values(layer, expected[name]) for name, layer in counts.items()
        }

    def quick_verdicts(self) -> list[Verdict]:
        """Return what the sweep says of its choices, from its table alone."""
        return [] if self.is_input else sweep_verdicts(self.table)

    def verdicts(self) -> list[Verdict]:
        """Return what the sweep says of its choices, residuals of the data included."""
        if self._verdicts is None:
            self._verdicts = list(self._all_verdicts())
        return self._verdicts

    def _all_verdicts(self) -> Iterator[Verdict]:
        if self._input_verdicts is not None:
            yield from self._input_verdicts()
        for verdict in self.quick_verdicts():
            yield verdict
            if verdict.kind == "recommended":
                yield from self._residual_verdicts(verdict.model, verdict.trial)

    def _residual_verdicts(self, model: str, trial: str) -> Iterator[Verdict]:
        expected = {k: layer.values for k, layer in self.predictions(trial).items()}
        observations = self.input(model).observations
        return residual_verdicts(model, trial, observations, expected)

    def _roles(self, model: str) -> list[str]:
        return [layer.role for layer in self.counts(model).values()]

    def _load_trial(self, trial: str) -> tuple[tuple[xr.Dataset, Layer], int]:
        with self._open_trial(trial) as opened:
            loaded = opened.load()
        draws = self._fitting_draws(trial, loaded)
        label = f"fusion: {self.label(trial)}"
        layer = fusion_layer(loaded, label=label, draws=draws)
        n_bytes = loaded.nbytes + (0 if draws is None else draws.data.nbytes)
        return (loaded, layer), n_bytes

    def _fitting_draws(self, trial: str, result: xr.Dataset) -> Draws | None:
        try:
            return self._draws_of(trial, result)
        except HifredError as error:
            self._refused_draws[trial] = str(error)
            return None

    def _draws_of(self, trial: str, result: xr.Dataset) -> Draws | None:
        if self._draws_path is None:
            return None
        return draws_at_hand(result, self._draws_path(trial))

    def _predict(self, trial: str) -> tuple[dict[str, np.ndarray], int]:
        result = self.trial(trial)
        key = json.dumps([self.model_of(trial), geometry_of(result)])
        expected = self._models.get(key).expected_counts(result["flux"].to_numpy())
        return expected, sum(cube.nbytes for cube in expected.values())

    def _build_model(self, key: str) -> tuple[CountsModel, int]:
        name, geometry = json.loads(key)
        # Figures need no more digits, and stored cubes hold no more.
        model = CountsModel(self.input(name).observations, geometry, np.float32)
        return model, int(4 * model.n_voxels)


def open_shelf(directory: str | Path) -> Shelf:
    """Return the trials and inputs of a sweep directory, collected if need be.

    Raises
    ------
    HifredError
        If it is no sweep directory, or nothing can be collected.
    """
    root = Path(directory)
    if not _is_collected(root):
        collect(root)
    results = open_results(root)
    sweep = SweepDirectory(root)
    return Shelf(
        results,
        open_trial=lambda trial: results.trial(trial).open(),
        open_input=lambda model: open_fusion_input(sweep.input(model)),
        draws_path=lambda trial: trial_draws_path(root, trial),
        open_lines=lambda trial: _line_maps(sweep, trial),
        open_roles=lambda model: instrument_roles(sweep.input(model)),
    )


def _line_maps(sweep: SweepDirectory, trial: str) -> xr.Dataset | None:
    lines = TrialLines.of(sweep)
    return None if lines is None else lines.maps(trial)


def _is_collected(root: Path) -> bool:
    """Whether the collected results hold every trial that is done by now."""
    counts = snapshot(root).counts
    if current_generation(root / "results") is None:
        return False
    states = open_results(root).trials.frame["status"]
    n_bad = sum(counts[state] for state in BAD_STATES)
    collected = int((states == DONE).sum()), int(states.isin(BAD_STATES).sum())
    return collected == (counts["done"], n_bad)


@dataclass(frozen=True)
class _Input:
    """A fusion input with its cubes as layers, the same objects at each asking."""

    fusion_input: FusionInput
    counts: dict[str, Layer]
    truth: Layer | None


def _sized_input(fusion_input: FusionInput) -> tuple[_Input, int]:
    observations, truth = fusion_input.observations, fusion_input.truth
    counts = counts_layers(observations)
    kept = _Input(fusion_input, counts, None if truth is None else truth_layer(truth))
    parts = [*observations.values(), truth]
    return kept, sum(part.nbytes for part in parts if part is not None)
