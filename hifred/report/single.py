"""What the page of one fusion, or of one input, says and shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import xarray as xr
from matplotlib.figure import Figure

from hifred.measures.names import in_order, measure_name
from hifred.observations import FusionInput, predicted_counts
from hifred.observations.input_summary import cut_flows_of
from hifred.plots import (
    Layer,
    brightest_pixel,
    counts_layers,
    fusion_layer,
    plot_comparison,
    plot_costs,
    plot_maps,
    plot_residuals,
    plot_spectra,
    shared_band,
)
from hifred.posterior import Draws
from hifred.report.errors import KnownErrors, standard_error_pictures
from hifred.report.pictures import Picture, take_picture
from hifred.report.regions import Answer
from hifred.report.tables import Table
from hifred.selection.input_verdicts import input_verdicts
from hifred.store.trial_table import setting_text


@final
@dataclass(frozen=True)
class Single:
    """One fusion or one input, as its page tells it.

    Parameters
    ----------
    kind : str
    sentences : list of str
        What to know first.
    tables : list of Table
    pictures : list of Picture
    """

    kind: str
    sentences: list[str]
    tables: list[Table]
    pictures: list[Picture]


def input_page(fusion_input: FusionInput) -> Single:
    """Return what a fusion input is: its instruments, what was dropped, the check."""
    told = [verdict.sentence for verdict in input_verdicts("", fusion_input)]
    tables = [
        Table(
            f"What was dropped of {name}",
            ("", "dropped", "kept"),
            [(str(r["cut"]), str(r["dropped"]), str(r["kept"])) for r in flow.rows()],
            frozenset({1, 2}),
        )
        for name, flow in cut_flows_of(fusion_input).items()
    ]
    return Single("fusion input", told, tables, list(_input_pictures(fusion_input)))


def _input_pictures(fusion_input: FusionInput) -> Iterator[Picture]:
    layers = list(counts_layers(fusion_input.observations).values())
    yield take_picture(
        "Maps", "Maps of every instrument on one scale.", lambda: plot_maps(layers)
    )
    yield take_picture(
        "Spectra",
        "Spectra of the brightest pixel by every instrument.",
        lambda: _brightest(layers),
    )


def _brightest(layers: list[Layer]) -> Figure:
    return plot_spectra(layers, [brightest_pixel(layers, shared_band(layers))])


def fusion_page(
    result: xr.Dataset,
    fusion_input: FusionInput | None,
    known: KnownErrors,
    found: Answer,
) -> Single:
    """Return how a fusion ended, its settings and measures, and its pictures.

    What was found of regions and lines that were asked for comes first.
    """
    settings = json.loads(result.attrs.get("settings", "{}"))
    numbers = [
        str(name)
        for name, value in result.data_vars.items()
        if value.ndim == 0 and value.dtype.kind == "f"
    ]
    # A store has no order of its own.
    measures = [
        (measure_name(name), f"{float(result[name]):.4g}") for name in in_order(numbers)
    ]
    words = [(name, setting_text(value)) for name, value in settings.items()]
    message = str(result.attrs.get("message", ""))
    tables = [
        Table("Settings", ("setting", "value"), words),
        Table("Measures", ("measure", "value"), measures, frozenset({1})),
    ]
    told = [*([message] if message else []), *known.sentences]
    pictures = [
        *found.pictures,
        *_fusion_pictures(result, fusion_input, known.draws),
    ]
    return Single("one fusion", told, [*found.tables, *tables], pictures)


def _fusion_pictures(
    result: xr.Dataset, fusion_input: FusionInput | None, draws: Draws | None
) -> Iterator[Picture]:
    layer = fusion_layer(result, draws=draws)
    if fusion_input is None:
        yield take_picture("Map", "Map of the fusion.", lambda: plot_maps([layer]))
        yield take_picture("Spectrum", "Spectrum of the brightest pixel.",
                           lambda: _brightest([layer]))  # fmt: skip
    else:
        seen, truth = fusion_input.observations, fusion_input.truth
        yield take_picture(
            "Maps and spectra",
            "Maps of every instrument and of the fusion on one scale, and the spectra "
            "of the brightest pixel.",
            lambda: plot_comparison(seen, result, truth, draws=draws),
        )
        yield take_picture(
            "Residuals",
            "Maps and spectra of data less model over the root of the model; white is "
            "zero.",
            lambda: plot_residuals(seen, predicted_counts(result, seen)),
        )
    yield from standard_error_pictures(layer)
    yield take_picture(
        "Cost curve",
        "Cost above its lowest value against iteration.",
        lambda: plot_costs({"fusion": result}),
    )
