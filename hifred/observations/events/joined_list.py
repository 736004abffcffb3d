"""Several event files of one instrument as one list."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from hifred.observations.events.cut_flow import summed_flow
from hifred.observations.events.detector_pixels import (
    LARGEST_TURN_DEG,
    PixelNumbers,
    turned_by,
)
from hifred.observations.events.event_list import Events, read_events
from hifred.observations.events.good_times import united
from hifred.observations.events.pointings import differences
from hifred.observations.events.unseen import NOTHING, Unseen
from hifred.observations.formats.fits_files import FitsFormatError

# Of the events of one list, at the same place and energy in another by chance.
LARGEST_SHARE = 0.5


def read_event_files(paths: Sequence[str | PathLike[str]], **options: Any) -> Events:
    """Read several event files of one instrument: observations, or CCDs of one.

    Parameters
    ----------
    paths : sequence of paths
    **options
        Of `read_events`.

    Raises
    ------
    FitsFormatError
        If a file is given twice, or is of another instrument or another kind of
        positions than the first.
    """
    resolved = [Path(path).resolve() for path in paths]
    for i, path in enumerate(resolved):
        if path in resolved[:i]:
            raise FitsFormatError(
                f"{path.name} must be given once: its events would count twice."
            )
    first = read_events(paths[0], **options)
    others = [read_events(path, clock=first.clock, **options) for path in paths[1:]]
    return joined_events([first, *others], [path.name for path in resolved])


def joined_events(lists: Sequence[Events], names: Sequence[str]) -> Events:
    """Return the events of several files, and the live time of all together."""
    first = lists[0]
    if len(lists) == 1:
        return first
    for events, name in zip(lists, names, strict=True):
        _check_same_instrument(first, events, names[0], name)
    _check_no_copy(lists, names)
    times = [events.good_times for events in lists if events.good_times is not None]
    return Events(
        y=np.concatenate([events.y for events in lists]),
        x=np.concatenate([events.x for events in lists]),
        energy=np.concatenate([events.energy for events in lists]),
        sky=_joined_sky([events.sky for events in lists]),
        exposure_time=_joined_exposure(lists),
        cuts=summed_flow([events.cuts for events in lists]),
        clock=first.clock,
        good_times=united(times) if times else None,
        pixels=_joined_pixels([events.pixels for events in lists]),
        unseen=_joined_unseen([events.unseen for events in lists]),
        keywords={**first.keywords, **_identifiers(lists)},
        unusual=tuple(told for events in lists for told in events.unusual),
        notes=(
            *(note for events in lists for note in events.notes),
            *_parted(lists, names),
            *_untold(lists, names),
        ),
    )


def _check_no_copy(lists: Sequence[Events], names: Sequence[str]) -> None:
    """Raise where events of an observation are there twice, in files of two names."""
    for i, events in enumerate(lists):
        for other, name in zip(lists[:i], names, strict=False):
            if _observation(events) == _observation(other) and _is_copy(events, other):
                raise FitsFormatError(
                    f"{names[i]} must not hold the events of {name} again: they would "
                    "count twice. Give one of them."
                )


def _is_copy(one: Events, other: Events) -> bool:
    """Return whether most events of one list are in the other too.

    Of few detector pixels many events share place and energy by chance.
    """
    if one.sky is None:
        return False
    few, many = sorted((_rows(one), _rows(other)), key=len)
    return len(few) > 0 and float(np.isin(few, many).mean()) > LARGEST_SHARE


def _rows(events: Events) -> np.ndarray:
    """Return place and energy (event,) as one value, to be compared as a whole."""
    columns = np.stack([events.x, events.y, events.energy], axis=1).astype(float)
    return np.ascontiguousarray(columns).view("V24").ravel()


def _observation(events: Events) -> str:
    return str(events.keywords.get("OBS_ID", "")).strip()


def _untold(lists: Sequence[Events], names: Sequence[str]) -> list[str]:
    """Return a sentence where nothing tells whether the files are of one time."""
    unnamed = [events for events in lists if not _observation(events)]
    timed = all(events.good_times is not None for events in lists)
    if timed or len(unnamed) < 2 or any(e.exposure_time is None for e in lists):
        return []
    return [
        f"{', '.join(names)} have neither good times nor OBS_ID: they are taken for "
        "CCDs of one observation, whose exposure counts once. Give exposure_time_s if "
        "they are of several."
    ]


def _parted(lists: Sequence[Events], names: Sequence[str]) -> list[str]:
    """Return a sentence where the files are of other pointings or rolls."""
    apart = differences([events.pointing for events in lists], names)
    if not apart:
        return []
    return [
        f"{', '.join(apart)} from {names[0]} (RA_PNT, DEC_PNT, PA_PNT): vignetting and "
        "gaps lie elsewhere on the sky. Give an exposure_map for each file, in the "
        "order of events, or one of all together."
    ]


def _joined_unseen(parts: Sequence[Unseen]) -> Unseen:
    """Return all that was dropped: what one file did not see has less exposure."""
    found = [part for part in parts if part is not NOTHING]
    if not found:
        return NOTHING
    return Unseen(
        np.concatenate([part.y for part in found]),
        np.concatenate([part.x for part in found]),
        _joined_sky([part.sky for part in found]),
        np.concatenate([part.energy for part in found]),
        frozenset().union(*(part.columns for part in found)),
    )


def _check_same_instrument(first: Events, events: Events, one: str, other: str) -> None:
    for key in ("TELESCOP", "INSTRUME"):
        if first.keywords.get(key) != events.keywords.get(key):
            raise FitsFormatError(
                f"{other} must be of the instrument of {one}, {key} "
                f"{first.keywords.get(key)!r}; got {events.keywords.get(key)!r}. Give "
                "another instrument its own [instruments.NAME]."
            )
    if (first.sky is None) != (events.sky is None):
        raise FitsFormatError(
            f"{other} and {one} must both have sky positions, or both detector pixels."
        )
    _check_one_roll(first, events, one, other)


def _check_one_roll(first: Events, events: Events, one: str, other: str) -> None:
    """Raise where the pixels of a small array lie turned against the first file's.

    The pixels of a camera are so many that only its exposure map must be of all.
    """
    here, there = _turned(first), _turned(events)
    if here is None or there is None:
        return
    # After a quarter turn pixels lie on pixels, but those that are off on others.
    apart = (there - here + 180) % 360 - 180
    if abs(apart) > LARGEST_TURN_DEG:
        raise FitsFormatError(
            f"{other} must have the roll of {one}; its pixels lie turned by "
            f"{abs(apart):.1f} deg, and one grid cannot hold both. Give each "
            "observation its own [instruments.NAME], with its roll_deg."
        )


def _turned(events: Events) -> float | None:
    if events.sky is None or len(events.sky) == 0:
        return None
    east, north = events.sky[0].spherical_offsets_to(events.sky)
    return turned_by(events.pixels, north.arcsec, -east.arcsec)


def _identifiers(lists: Sequence[Events]) -> dict[str, str]:
    found = [_observation(events) for events in lists]
    joined = " ".join(dict.fromkeys(name for name in found if name))
    return {"OBS_ID": joined} if joined else {}


def _joined_sky(positions: Sequence[SkyCoord | None]) -> SkyCoord | None:
    places = [sky.icrs for sky in positions if sky is not None]
    if not places:
        return None
    ra = np.concatenate([place.ra.deg for place in places])
    dec = np.concatenate([place.dec.deg for place in places])
    return SkyCoord(ra, dec, unit="deg")


def _joined_exposure(lists: Sequence[Events]) -> float | None:
    """Return the live time; CCDs that watched at the same time count it once."""
    known = [e.exposure_time for e in lists if e.exposure_time is not None]
    times = [e.good_times for e in lists if e.good_times is not None]
    if len(known) < len(lists):
        return None
    if len(times) == len(lists):
        shared = united(times).total / sum(piece.total for piece in times)
        return sum(known) * shared
    longest: dict[str, float] = {}
    for events, time in zip(lists, known, strict=True):
        observation = _observation(events)
        longest[observation] = max(longest.get(observation, 0.0), time)
    return sum(longest.values())


def _joined_pixels(parts: Sequence[PixelNumbers]) -> PixelNumbers:
    """Return the numbers of all events; off is what is off in every file."""
    excluded = frozenset.intersection(*(part.excluded for part in parts))
    off = frozenset.intersection(*(frozenset(part.off) for part in parts))
    number = np.concatenate([part.number for part in parts])
    return PixelNumbers(number, parts[0].layout, excluded, off - excluded)
