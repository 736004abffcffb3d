"""Where telescopes pointed, and whether several event lists saw the same sky alike."""

import math
from collections.abc import Mapping, Sequence

from astropy.coordinates import SkyCoord

from hifred.settings.kinds import is_number

# Spellings of one keyword, the most telling first.
KEYWORDS = {
    "RA_PNT": ("RA_PNT", "RA_NOM"),
    "DEC_PNT": ("DEC_PNT", "DEC_NOM"),
    "PA_PNT": ("PA_PNT", "ROLL_PNT", "PA_NOM", "ROLL_NOM"),
}
# Differences that move vignetting and chip gaps by about a pixel of an imager.
LARGEST_SHIFT_ARCSEC = 5.0
LARGEST_ROLL_DEG = 0.5


def pointing(header: Mapping[str, object]) -> dict[str, float]:
    """Return the pointing and the roll that a header tells, degrees, by keyword."""
    found: dict[str, float] = {}
    for keyword, spellings in KEYWORDS.items():
        values = (header.get(name) for name in spellings)
        told = [float(v) for v in values if is_number(v) and math.isfinite(v)]
        if told:
            found[keyword] = told[0]
    return found


def differences(
    pointings: Sequence[Mapping[str, float]], names: Sequence[str]
) -> list[str]:
    """Return what parts the pointing of each list from the first one's, in words."""
    found = []
    for other, name in zip(pointings[1:], names[1:], strict=True):
        parts = [_shift(pointings[0], other), _turn(pointings[0], other)]
        told = " and ".join(part for part in parts if part)
        if told:
            found.append(f"{name} {told}")
    return found


def _shift(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    places = [
        SkyCoord(p["RA_PNT"], p["DEC_PNT"], unit="deg")
        for p in (one, other)
        if "RA_PNT" in p and "DEC_PNT" in p and abs(p["DEC_PNT"]) <= 90
    ]
    if len(places) < 2:
        return ""
    arcsec = float(places[0].separation(places[1]).arcsec)
    return f"by {arcsec:.0f} arcsec" if arcsec > LARGEST_SHIFT_ARCSEC else ""


def _turn(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    if "PA_PNT" not in one or "PA_PNT" not in other:
        return ""
    turn = abs((other["PA_PNT"] - one["PA_PNT"] + 180) % 360 - 180)
    return f"by {turn:.1f} deg of roll" if turn > LARGEST_ROLL_DEG else ""
