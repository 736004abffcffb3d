"""What the page says and shows of errors, where draws of a fusion are at hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self, final

from hifred.errors import HifredError
from hifred.plots import Layer, plot_standard_errors
from hifred.posterior import Draws
from hifred.report.pictures import Picture, take_picture
from hifred.selection.draw_verdicts import draw_verdicts


@final
@dataclass(frozen=True, eq=False)
class KnownErrors:
    """Draws of a fusion, if there are any, and what to say of them.

    Parameters
    ----------
    draws : Draws or None
    sentences : list of str
        Empty where nobody has drawn.
    """

    draws: Draws | None
    sentences: list[str]

    @classmethod
    def take(cls, find: Callable[[], Draws | None]) -> Self:
        """Return what `find` gives; a refusal becomes its reason."""
        refused = None
        try:
            draws = find()
        except HifredError as error:
            draws, refused = None, str(error)
        said = draw_verdicts("", "", draws, refused)
        return cls(draws, [verdict.sentence for verdict in said])


def standard_error_pictures(layer: Layer) -> Iterator[Picture]:
    """Yield the map of standard errors of a fusion with draws; nothing without any."""
    if layer.draws is not None:
        yield take_picture(
            "Standard errors",
            f"Maps of the surface brightness of {layer.label}, of its standard error, "
            "and of one over the other, in all energies.",
            lambda: plot_standard_errors(layer),
        )
