"""The pictures of one model: the best fusion, the grid, the curves."""

from collections.abc import Iterator, Mapping
from functools import partial

from matplotlib.figure import Figure

from hifred.errors import HifredError
from hifred.measures.names import measure_name
from hifred.plots import (
    fusion_layer,
    plot_comparison,
    plot_costs,
    plot_error_histograms,
    plot_error_maps,
    plot_line_maps,
    plot_measure_curves,
    plot_measure_grid,
    plot_parallel_coordinates,
    plot_residuals,
)
from hifred.plots.shelf import Shelf
from hifred.plots.trial_grid import slices_of
from hifred.posterior import Draws
from hifred.report.errors import standard_error_pictures
from hifred.report.facts import best_per_regularizer
from hifred.report.pictures import Picture, take_picture
from hifred.store.ranking import BOTH, criterion, ranked_measures
from hifred.store.trial_table import SIGMA, SettingKey, TrialTable, setting_text

# More heat maps of one regulariser than this nobody compares.
MOST_SLICES = 6
N_AXES = 5


def model_pictures(
    shelf: Shelf, model: str, draws: Draws | None = None
) -> list[Picture]:
    """Return every picture of a model; those that cannot be drawn give their reason.

    Draws are of its best fusion.
    """
    return [
        *best_pictures(shelf, model, draws),
        *line_pictures(shelf, model),
        *grid_pictures(shelf, model),
        *error_pictures(shelf, model),
    ]


def best_pictures(
    shelf: Shelf, model: str, draws: Draws | None = None
) -> Iterator[Picture]:
    """Yield maps and spectra of the best fusion, its residuals, and the cost curves."""
    best = best_per_regularizer(shelf.table, model)
    if not best:
        yield Picture(
            "Maps and spectra",
            f"No fusion of {model}.",
            reason=f"no trial of {model} is done yet",
        )
        return
    trial = best[0]
    label = shelf.label(trial)
    yield take_picture(
        f"Best fusion: {label}",
        f"Maps of {model} by every instrument and of the fusion {label} on one scale, "
        "and the spectra of the brightest pixel.",
        partial(_comparison, shelf, trial, draws),
    )
    yield from standard_error_pictures(
        fusion_layer(shelf.trial(trial), label=label, draws=draws)
    )
    yield take_picture(
        "Residuals of the best fusion",
        f"Maps and spectra of data less model over the root of the model for {label}; "
        "white is zero.",
        partial(_residuals, shelf, trial),
    )
    yield take_picture(
        "Cost curves",
        f"Cost above its lowest value against iteration, best trials of {model}.",
        lambda: plot_costs({shelf.label(t): shelf.trial(t) for t in best}),
    )


def line_pictures(shelf: Shelf, model: str) -> Iterator[Picture]:
    """Yield maps of the lines that the sweep measures, of the best fusion."""
    best = best_per_regularizer(shelf.table, model)[:1]
    try:
        maps = shelf.line_maps(best[0]) if best else None
    except HifredError as error:
        yield Picture("Lines", "Maps of lines.", reason=str(error))
        return
    if maps is None or "line" not in maps:
        return
    for name in maps["line"].to_numpy():
        yield take_picture(
            f"Line {name} of the best fusion",
            f"Maps of flux, velocity, width and equivalent width of {name} for "
            f"{shelf.label(best[0])}; grey where it is too faint or was not fitted.",
            partial(plot_line_maps, maps, str(name)),
        )


def grid_pictures(shelf: Shelf, model: str) -> Iterator[Picture]:
    """Yield curves and heat maps of the measures over the grid."""
    table = shelf.table
    of_model = table.select({"model": model})
    by = criterion(of_model)
    ranking = "held_out_error" if by == BOTH else by
    known = ranked_measures(table)
    shown = [ranking] if ranking else []
    shown += [n for n in ("asam_bright", SIGMA) if n in known]
    for measure in dict.fromkeys(["nmse_db", *shown]):
        name = measure_name(measure)
        yield take_picture(
            f"{name} against mu",
            f"{name} of {model} against mu, a line per value of the other settings; "
            "crosses with a word are trials without a value.",
            partial(plot_measure_curves, table, measure, where={"model": model}),
        )
    yield from _heat_map_pictures(shelf, model, ranking)
    yield take_picture(
        "Every trial at a glance",
        f"Parallel coordinates: a line for each trial of {model}, through its "
        "settings and measures; better is up.",
        lambda: plot_parallel_coordinates(of_model, _shown_measures(of_model)),
    )


def _heat_map_pictures(
    shelf: Shelf, model: str, ranking: str | None
) -> Iterator[Picture]:
    table, ranked_by = shelf.table, measure_name(ranking or "measure")
    for where in _heat_map_slices(table, model):
        words = ", ".join(f"{n} {setting_text(k)}" for n, k in where.items())
        words = words.replace("regularizer ", "").replace(f"model {model}, ", "")
        yield take_picture(
            f"{ranked_by} over mu and rank: {words}",
            f"{ranked_by} of {model} by mu and rank, {words}; the best cell is framed, "
            "cells without a value are hatched and named.",
            partial(_heat_map, shelf, where, measure=ranking),
        )


def error_pictures(shelf: Shelf, model: str) -> Iterator[Picture]:
    """Yield maps and histograms of the errors, which need the truth."""
    best = best_per_regularizer(shelf.table, model)
    if not best:
        return
    trials = {shelf.label(trial): shelf.trial(trial) for trial in best}
    yield take_picture(
        "Spectral angle to the truth",
        f"Maps of the angle between fused and true spectra, best trials of {model}.",
        lambda: plot_error_maps(trials, "sam"),
    )
    yield take_picture(
        "Relative error",
        f"Histograms over pixels of the relative error, best trials of {model}.",
        lambda: plot_error_histograms(trials, "relative_error", n_bins=40),
    )


def _comparison(shelf: Shelf, trial: str, draws: Draws | None) -> Figure:
    data = shelf.input(shelf.model_of(trial))
    result = shelf.trial(trial)
    return plot_comparison(data.observations, result, data.truth, draws=draws)


def _residuals(shelf: Shelf, trial: str) -> Figure:
    expected = {k: layer.values for k, layer in shelf.predictions(trial).items()}
    return plot_residuals(shelf.input(shelf.model_of(trial)).observations, expected)


def _heat_map(
    shelf: Shelf, where: Mapping[str, SettingKey], *, measure: str | None
) -> Figure:
    if measure is None:
        raise HifredError("measures must be taken first; no trial is done yet.")
    return plot_measure_grid(shelf.table, measure, where=where)


def _heat_map_slices(table: TrialTable, model: str) -> list[dict[str, SettingKey]]:
    """Return what each heat map holds fixed: all that was swept, if there are few.

    Where there are many, cells share trials, and say of how many they show the best.
    """
    slices: list[dict[str, SettingKey]] = []
    for name in dict.fromkeys(table.select({"model": model}).keys("regularizer")):
        where: dict[str, SettingKey] = {"model": model, "regularizer": name}
        chosen = table.select(where)
        if "mu" not in chosen.swept():
            continue
        others = slices_of(chosen, ("mu", "rank"))
        few = others if len(others) <= MOST_SLICES else [{}]
        slices += [where | other for other in few]
    return slices


def _shown_measures(table: TrialTable) -> list[str]:
    names = [n for n in ranked_measures(table) if table.frame[n].notna().any()]
    return names[:N_AXES]
