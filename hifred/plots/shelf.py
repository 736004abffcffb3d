"""The cubes of a sweep: read when they are looked at, the latest few kept."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar, final

import numpy as np
import xarray as xr

from hifred.observations import (
    FusionInput,
    background_of,
    build_responses,
    build_sky_grid,
)
from hifred.plots.labels import setting_text
from hifred.plots.layers import Layer, counts_layer, fusion_layer, truth_layer
from hifred.plots.residuals import with_values
from hifred.plots.trial_grid import (
    DONE,
    SettingKey,
    collected,
    setting_keys,
    status_words,
)
from hifred.store import open_fusion_input, open_results
from hifred.store.collected import current_generation
from hifred.sweep import collect, snapshot
from hifred.sweep.layout import SweepDirectory
from hifred.sweep.watch.states import BAD_STATES

MIB = 2**20
LABEL_SETTINGS = ("regularizer", "mu", "rank")
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
    table : Dataset
        Collected results: settings, status and measures along ``trial``; their cubes,
        if any, are not read.
    open_trial : callable
        Returns the lazily opened dataset of a finished trial from its id.
    open_input : callable
        Returns the fusion input of a model from its name.
    max_bytes : int
        How much of the trials, and as much of the inputs, is kept in memory.
    """

    def __init__(
        self,
        table: xr.Dataset,
        *,
        open_trial: Callable[[str], xr.Dataset],
        open_input: Callable[[str], FusionInput],
        max_bytes: int = 192 * MIB,
    ) -> None:
        self.table = table
        self._open_trial = open_trial
        self._words = dict(
            zip(map(str, table["trial"].to_numpy()), status_words(table), strict=True)
        )
        self._trials = Recent(self._load_trial, max_bytes)
        self._predictions = Recent(self._predict, max_bytes // 4)
        self._inputs = Recent(lambda name: _sized_input(open_input(name)), max_bytes)
        self._responses = Recent(self._build_responses, max_bytes // 4)

    def word(self, trial: str) -> str:
        """Return the state of a trial."""
        return str(self._words[trial])

    def is_done(self, trial: str) -> bool:
        """Whether a trial has a result."""
        return self._words[trial] == DONE

    def row(self, trial: str) -> xr.Dataset:
        """Return settings, status and measures of one trial."""
        return self.table.sel(trial=trial)

    def model_of(self, trial: str) -> str:
        """Return the name of the input that a trial fused."""
        return str(self.row(trial)["model"].item())

    def label(self, trial: str) -> str:
        """Return a trial's settings as a short text, such as ``lrs mu 0.01 rank 5``."""
        words = [
            text if name == "regularizer" else f"{name} {text}"
            for name in LABEL_SETTINGS
            if (text := setting_text(self.setting(trial, name))) != "–"
        ]
        return " ".join(words)

    def setting(self, trial: str, name: str) -> SettingKey:
        """Return a setting of a trial; None where it does not read it."""
        return setting_keys(self.table.sel(trial=[trial]), name)[0]

    def input(self, model: str) -> FusionInput:
        """Return the observations of a model, and its truth if it has one."""
        return self._inputs.get(model)

    def trial(self, trial: str) -> xr.Dataset:
        """Return the result of a finished trial, in memory."""
        return self._trials.get(trial)

    def fusion(self, trial: str) -> Layer:
        """Return the fused cube of a finished trial."""
        return fusion_layer(self.trial(trial), label=f"fusion: {self.label(trial)}")

    def truth(self, model: str) -> Layer | None:
        """Return the true sky of a model; None on real data."""
        truth = self.input(model).truth
        return None if truth is None else truth_layer(truth)

    def counts(self, model: str) -> dict[str, Layer]:
        """Return the counts of a model by instrument."""
        observations = self.input(model).observations
        return {name: counts_layer(data) for name, data in observations.items()}

    def predictions(self, trial: str) -> dict[str, Layer]:
        """Return what a finished trial expects each instrument to count."""
        expected = self._predictions.get(trial)
        counts = self.counts(self.model_of(trial))
        return {
            name: with_values(layer, expected[name]) for name, layer in counts.items()
        }

    def _load_trial(self, trial: str) -> tuple[xr.Dataset, int]:
        with self._open_trial(trial) as opened:
            loaded = opened.load()
        return loaded, loaded.nbytes

    def _predict(self, trial: str) -> tuple[dict[str, np.ndarray], int]:
        result, model = self.trial(trial), self.model_of(trial)
        settings = json.loads(result.attrs.get("settings", "{}"))
        responses = self._responses.get(json.dumps([model, _geometry(settings)]))
        scale = result["reference_exposure"].to_numpy().astype(np.float32)
        scaled = result["flux"].to_numpy() * scale[:, None, None]
        expected = {
            name: np.maximum(responses[name].apply(scaled), 0)
            + background_of(observation)
            for name, observation in self.input(model).observations.items()
        }
        return expected, sum(cube.nbytes for cube in expected.values())

    def _build_responses(self, key: str) -> tuple[Mapping[str, Any], int]:
        model, geometry = json.loads(key)
        observations = self.input(model).observations
        margins = {name: geometry.pop(name, 0) for name in _MARGINS}
        sky = build_sky_grid(observations, **margins)
        built = build_responses(observations, sky, **geometry)
        # Figures need no more digits, and stored cubes hold no more.
        responses = {name: r.astype(np.float32) for name, r in built.items()}
        return responses, int(4 * sky.energy.size * sky.y.size * sky.x.size)


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
        collected(results),
        open_trial=lambda trial: results.trial(trial).open(),
        open_input=lambda model: open_fusion_input(sweep.input(model)),
    )


def _is_collected(root: Path) -> bool:
    """Whether the collected results hold every trial that is done by now."""
    counts = snapshot(root).counts
    if current_generation(root / "results") is None:
        return False
    words = status_words(collected(open_results(root)))
    n_bad = sum(counts[state] for state in BAD_STATES)
    found = int(np.sum(words == DONE)), int(np.isin(words, BAD_STATES).sum())
    return found == (counts["done"], n_bad)


_MARGINS = ("margin_pixels", "margin_channels")


def _geometry(settings: Mapping[str, Any]) -> dict[str, Any]:
    names = (*_MARGINS, "target_resolution", "boundary")
    return {name: settings[name] for name in names if name in settings}


def _sized_input(fusion_input: FusionInput) -> tuple[FusionInput, int]:
    parts = [*fusion_input.observations.values(), fusion_input.truth]
    return fusion_input, sum(part.nbytes for part in parts if part is not None)
