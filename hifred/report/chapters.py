"""The pictures of one model: the best fusion, the grid, the curves."""

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure

from hifred.errors import HifredError
from hifred.measures import measure_name
from hifred.plots import (
    plot_comparison,
    plot_costs,
    plot_error_histograms,
    plot_error_maps,
    plot_measure_curves,
    plot_measure_grid,
    plot_parallel_coordinates,
    plot_residuals,
)
from hifred.plots.shelf import Shelf
from hifred.report.facts import best_per_regularizer
from hifred.report.pictures import Picture, take_picture
from hifred.store.ranking import BOTH, criterion, ranked_measures
from hifred.store.trial_table import SIGMA


def model_pictures(shelf: Shelf, model: str) -> list[Picture]:
    """Return every picture of a model; those that cannot be drawn give their reason."""
    return [
        *best_pictures(shelf, model),
        *grid_pictures(shelf, model),
        *error_pictures(shelf, model),
    ]


def best_pictures(shelf: Shelf, model: str) -> Iterator[Picture]:
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
        partial(_comparison, shelf, trial),
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


def grid_pictures(shelf: Shelf, model: str) -> Iterator[Picture]:
    """Yield curves and heat maps of the measures over the grid."""
    table = shelf.table
    by = criterion(table.select({"model": model}))
    ranking = "held_out_error" if by == BOTH else by
    known = ranked_measures(table)
    ranked_by = measure_name(ranking or "measure")
    shown = [ranking] if ranking else []
    shown += [n for n in ("asam_bright", SIGMA) if n in known]
    for measure in dict.fromkeys(["nmse_db", *shown]):
        name = measure_name(measure)
        yield take_picture(
            f"{name} against mu",
            f"{name} of {model} against mu, one line per regulariser and rank; "
            "crosses with a word are trials without a value.",
            partial(plot_measure_curves, table, measure, where={"model": model}),
        )
    for regularizer in _gridded(shelf, model):
        yield take_picture(
            f"{ranked_by} over mu and rank: {regularizer}",
            f"{ranked_by} of {model} with {regularizer} by mu and rank; the best cell "
            "is framed, cells without a value are hatched and named.",
            partial(_heat_map, shelf, model, regularizer, measure=ranking),
        )
    yield take_picture(
        "Every trial at a glance",
        "Parallel coordinates: a line for each trial of all models, through its "
        "settings and measures; better is up.",
        lambda: plot_parallel_coordinates(table, known[:5]),
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


def _comparison(shelf: Shelf, trial: str) -> Figure:
    fusion_input = shelf.input(shelf.model_of(trial))
    return plot_comparison(
        fusion_input.observations, shelf.trial(trial), fusion_input.truth
    )


def _residuals(shelf: Shelf, trial: str) -> Figure:
    expected = {k: layer.values for k, layer in shelf.predictions(trial).items()}
    return plot_residuals(shelf.input(shelf.model_of(trial)).observations, expected)


def _heat_map(
    shelf: Shelf, model: str, regularizer: str, *, measure: str | None
) -> Figure:
    if measure is None:
        raise HifredError("measures must be taken first; no trial is done yet.")
    where = {"model": model, "regularizer": regularizer}
    return plot_measure_grid(shelf.table, measure, where=where)


def _gridded(shelf: Shelf, model: str) -> list[str]:
    """Return the regularisers of a model that were run with more than one setting."""
    of_model = shelf.table.select({"model": model})
    names = dict.fromkeys(str(name) for name in of_model.frame["regularizer"])
    return [
        name for name in names if "mu" in of_model.select({"regularizer": name}).swept()
    ]
