"""Positions on the sky as settings give them: degrees, or sexagesimal with units."""

from typing import Annotated, Any

from astropy.coordinates import Latitude, Longitude
from astropy.units import UnitsError
from pydantic import BeforeValidator

from hifred.settings.kinds import Says, is_number


def _right_ascension(value: Any) -> float:
    if is_number(value) and -180 <= value <= 360:
        return float(value)
    # Colons and spaces part hours, minutes and seconds, as everywhere in the field.
    return float(Longitude(_sexagesimal(value), unit="hourangle").deg)


def _declination(value: Any) -> float:
    if is_number(value) and -90 <= value <= 90:
        return float(value)
    return float(Latitude(_sexagesimal(value), unit="deg").deg)


def _sexagesimal(value: Any) -> str:
    """Return a text of three parts; one number in a text may be hours or degrees."""
    parts = value.replace(":", " ").split() if isinstance(value, str) else []
    has_units = len(parts) == 1 and set("hdms°'\"") & set(value)
    if not (len(parts) == 3 or has_units):
        raise ValueError
    return str(value)


def _checked(read: Any) -> BeforeValidator:
    def checked(value: Any) -> float:
        try:
            return float(read(value))
        except (ValueError, TypeError, UnitsError) as error:
            raise ValueError from error  # what it must be is told by the kind's words

    return BeforeValidator(checked)


RightAscension = Annotated[
    float,
    _checked(_right_ascension),
    Says("degrees from -180 to 360, or a text such as '05h34m31.9s'", 83.633),
]
Declination = Annotated[
    float,
    _checked(_declination),
    Says("degrees from -90 to 90, or a text such as '+22d00m52s'", 22.014),
]
