"""What is on the screen, as one value: all of it goes into the address and back."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self, final
from urllib.parse import parse_qsl, urlencode

SLOTS = {"A": "trial", "B": "second"}
SUMS, CORRECTED = SPECTRA = ("sums", "corrected")


@final
@dataclass(frozen=True)
class View:
    """Everything that a visitor chose.

    Parameters
    ----------
    trial, second : str
        Ids of trials A and B; empty for none.
    slot : str
        Which of the two the next choice is for, A or B.
    measure : str
        What the grid of trials shows.
    columns, rows : str
        Settings along the sides of the grid.
    band : (float, float), keV
        Energies that the maps add up; empty for all.
    region : str
        Where the spectra are taken, see `hifred.explore.place`.
    among : str
        Shapes of a file, one of which `region` is; empty for a region alone.
    spectra : str
        Whether those of fusions are sums or corrected, see `CorrectedSpectra`.
    residual : str
        Instrument that the residual is of, or the word for the error against the truth.
    group : int
        Energy bins that are joined.
    stretch, colours : str
        How brightness becomes colour.
    percentile : float
        Share of the pixels, in percent, whose brightness the colours span.
    smooth : float, arcsec
        Full width at half maximum of the Gaussian that blurs the maps.
    contours : str
        Map whose contours are drawn on all; empty for none.
    moment : str
        Which moment of the spectra in the band is mapped; empty for none.
    axis : str
        energy or velocity, of the spectra.
    line : str
        Known line that is marked and that velocities are of; empty for none.
    redshift : float
        Of the object.
    """

    trial: str = ""
    second: str = ""
    slot: str = "A"
    measure: str = ""
    columns: str = "mu"
    rows: str = "rank"
    band: tuple[float, ...] = ()
    region: str = ""
    among: str = ""
    spectra: str = SUMS
    residual: str = ""
    group: int = 1
    stretch: str = "square root"
    colours: str = "inferno"
    percentile: float = 100.0
    smooth: float = 0.0
    contours: str = ""
    moment: str = ""
    axis: str = "energy"
    line: str = ""
    redshift: float = 0.0

    @classmethod
    def read(cls, query: str) -> Self:
        """Return the view that an address asks for; what it does not say is as usual.

        What cannot be read is left out: an address is typed and shortened by people.
        """
        given = dict(parse_qsl(query.lstrip("?")))
        found: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in given:
                value = _value(given[field.name], field.default)
                if value is not None:
                    found[field.name] = value
        return cls(**found)

    @property
    def query(self) -> str:
        """The part of the address that brings this view back."""
        said = {
            field.name: _text(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
        return urlencode(said)

    def with_trial(self, trial: str, slot: str) -> Self:
        """Return the view with another trial in a slot."""
        changes: dict[str, Any] = {SLOTS[slot]: trial}
        return replace(self, **changes)

    def changed(self, before: Self) -> set[str]:
        """Return the names of what differs from an earlier view."""
        return {
            field.name
            for field in fields(self)
            if getattr(self, field.name) != getattr(before, field.name)
        }


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(f"{number:.9g}" for number in value)
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _value(text: str, like: Any) -> Any:
    """Return what a text says, of the kind of `like`; None if it says no such thing."""
    try:
        if isinstance(like, tuple):
            return tuple(float(word) for word in text.split())
        return type(like)(text)
    except ValueError:
        return None
