"""Units as the field writes them, through `astropy.units`."""

import re

from astropy import units

from hifred.errors import SchemaError

# Words that FITS writers use, in small letters, and what astropy calls them. This is
# the one place for such spellings.
SPELLINGS = {
    "ev": "eV", "kev": "keV", "mev": "MeV", "gev": "GeV",
    "angstroms": "Angstrom", "angstrom": "Angstrom",
    "m": "m", "cm": "cm", "mm": "mm",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "ks": "ks", "ksec": "ks", "hr": "h", "hour": "h", "hours": "h",
    "count": "count", "counts": "count", "ct": "count", "cts": "count",
    "cnt": "count", "cnts": "count", "event": "count", "events": "count",
    "photon": "photon", "photons": "photon", "ph": "photon", "phot": "photon",
    "channel": "chan", "channels": "chan", "chan": "chan",
    "deg": "deg", "degree": "deg", "degrees": "deg",
    "arcmin": "arcmin", "arcmins": "arcmin", "arcminute": "arcmin",
    "arcminutes": "arcmin",
    "arcsec": "arcsec", "arcsecs": "arcsec", "arcsecond": "arcsec",
    "arcseconds": "arcsec",
    "pixel": "pix", "pixels": "pix", "pix": "pix",
    "none": "", "unitless": "", "dimensionless": "",
}  # fmt: skip
SQUARE = re.compile(r"\b(?:square|sq\.?)\s*([A-Za-z]+)", re.IGNORECASE)
# What an area or a rate is per: a number without physical dimension.
COUNTED = (units.count, units.photon, units.chan, units.pix)


class UnitError(SchemaError):
    """A unit is no known one, or of another kind than what it belongs to."""


def conversion_factor(text: str, unit: str) -> float:
    """Return what a value in the unit `text` is multiplied by to be in `unit`.

    Counts, photons, channels and pixels are numbers: ``cm**2 count/photon`` is an
    area.

    Parameters
    ----------
    text : str
        As FITS keywords spell it: ``keV``, ``KeV``, ``CM**2``, ``cm^2``, ``sq cm``,
        ``counts/s``.
    unit : str
        A unit as astropy spells it.

    Raises
    ------
    UnitError
        If `text` is no unit, or one of another kind.
    """
    wanted = _without_counted(units.Unit(unit))
    for spelling in (text.strip(), _respelt(text)):
        try:
            return float(_without_counted(units.Unit(spelling)).to(wanted))
        except (ValueError, TypeError, units.UnitConversionError):
            continue
    raise UnitError(f"must be in {unit} or a unit that converts to it; got {text!r}.")


def _respelt(text: str) -> str:
    squared = SQUARE.sub(r"\1**2", text.strip())
    return re.sub(
        r"[A-Za-z]+", lambda m: SPELLINGS.get(m[0].lower(), m[0]), squared
    ).strip()


def _without_counted(unit: units.UnitBase) -> units.UnitBase:
    if not isinstance(unit, units.UnitBase):
        raise TypeError(f"{unit} is no plain unit")
    for base, power in zip(unit.bases, unit.powers, strict=True):
        if base in COUNTED:
            unit = unit / base**power
    return unit
