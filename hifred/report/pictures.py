"""Figures as pictures inside a page, each with its alternative text."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from hifred.errors import HifredError

DPI = 100


@dataclass(frozen=True)
class Picture:
    """A figure of the page, or the reason why there is none.

    Parameters
    ----------
    title : str
    alternative : str
        What the picture shows, for who cannot see it.
    address : str
        A ``data:`` address that holds the picture itself; empty if there is none.
    reason : str
        Why there is no picture; empty if there is one.
    """

    title: str
    alternative: str
    address: str = ""
    reason: str = ""


def take_picture(title: str, alternative: str, draw: Callable[[], Figure]) -> Picture:
    """Return the picture of a figure; a refusal becomes its reason.

    Parameters
    ----------
    title, alternative : str
    draw : callable
        Returns the figure, or raises `HifredError` where it cannot be drawn.
    """
    try:
        figure = draw()
    except HifredError as error:
        return Picture(title, alternative, reason=str(error))
    return Picture(title, alternative, address=_address(figure))


def _address(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
