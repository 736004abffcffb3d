"""What each map of a cube shows: a layer, or the word for why there is none."""

from collections.abc import Iterable

from hifred.explore.instrument_views import by_view, words_of
from hifred.explore.maps_panel import NO_TRUTH
from hifred.explore.view import View
from hifred.plots.layers import Layer
from hifred.plots.shelf import Shelf

NOT_COMPARED = "not compared"


def shown_layers(
    shelf: Shelf, instruments: Iterable[str], view: View
) -> dict[str, Layer | str]:
    """Return what truth, instruments and fusions of a view have to show, by view."""
    model = shelf.model_of(view.trial)
    counts = shelf.counts(model)
    found = by_view(counts, counts)
    return {
        "truth": shelf.truth(model) or NO_TRUTH,
        **{name: found.get(name, f"no {words_of(name)}") for name in instruments},
        "fusion": _fusion(shelf, view.trial),
        "second_fusion": _fusion(shelf, view.second),
    }


def _fusion(shelf: Shelf, trial: str) -> Layer | str:
    if not trial:
        return NOT_COMPARED
    return shelf.fusion(trial) if shelf.is_done(trial) else shelf.word(trial)
