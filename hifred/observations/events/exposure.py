"""The live time that belongs to the good times of an event list."""

import numpy as np
from astropy.io import fits

from hifred.observations.events.good_times import GoodTimes
from hifred.observations.formats.fits_tables import number_or_none

EXPOSURE_KEYWORDS = ("EXPOSURE", "LIVETIME")
# Sums of intervals and keywords are rounded differently.
ROUNDING = 1e-3
# The least live time per time observed of any mode: 3 % in the burst mode of EPIC-pn.
LEAST_LIVE_SHARE = 0.01


def exposure_time(
    header: fits.Header, own: GoodTimes | None, used: GoodTimes | None
) -> tuple[float | None, str]:
    """Return the live time in s, and a sentence where EXPOSURE could not be taken.

    Parameters
    ----------
    header : fits.Header
        Of the event list.
    own : GoodTimes, optional
        Of the event list.
    used : GoodTimes, optional
        Those whose events are kept: `own` and what a further file left of them.

    Notes
    -----
    EXPOSURE is the live time of the file's good times. Where they were cut after it
    was written, they sum to less than ONTIME or than EXPOSURE itself: the live time
    then shrinks with them. Without EXPOSURE it is ONTIME, or the sum, times DEADC
    (DTCOR of Chandra).
    """
    known = _first(header, EXPOSURE_KEYWORDS) or _per_detector(header, "LIVETI")
    live = _live_share(header, known)
    if own is None:
        whole = known or live * _ontime(header) or None
        if used is None:
            return whole, ""
        return min(live * used.total, whole or np.inf), ""
    total = own.total
    if known is None:
        known, note = live * (min(_ontime(header) or total, total)), ""
    else:
        known, note = _consistent(known, total, _ontime(header), live)
    share = 1.0 if used is None else used.total / total
    return known * share, note


def _consistent(
    known: float, total: float, ontime: float, live: float
) -> tuple[float, str]:
    cut = total * (1 + ROUNDING)
    if known < LEAST_LIVE_SHARE * total:
        return known, (
            f"EXPOSURE is {known:g} s where the good times sum to {total:g} s: is it "
            "in s? Give exposure_time_s if it is not."
        )
    if known <= cut and ontime <= cut:
        return known, ""
    told = "EXPOSURE" if known > cut else "ONTIME"
    scaled = total * live
    return scaled, (
        f"{told} is {max(known, ontime):g} s but the good times sum to {total:g} s, so "
        f"that they were cut after it was written: the exposure is {scaled:g} s."
    )


def _live_share(header: fits.Header, known: float | None) -> float:
    """Return the live time per time observed, 0 to 1."""
    declared = number_or_none(header, "DEADC") or number_or_none(header, "DTCOR")
    if declared is not None and declared <= 1:
        return declared
    ontime = _ontime(header)
    return min(known / ontime, 1.0) if known is not None and ontime > 0 else 1.0


def _ontime(header: fits.Header) -> float:
    return number_or_none(header, "ONTIME") or _per_detector(header, "ONTIME") or 0.0


def _first(header: fits.Header, keywords: tuple[str, ...]) -> float | None:
    found = (number_or_none(header, keyword) for keyword in keywords)
    return next((value for value in found if value is not None), None)


def _per_detector(header: fits.Header, stem: str) -> float | None:
    """Return the longest of the times of EPIC's CCDs, LIVETI01 and so on."""
    values = [number_or_none(header, f"{stem}{i:02d}") for i in range(1, 13)]
    return max((value for value in values if value is not None), default=None)
