"""Where conditions let nothing through: places and energies that were not seen.

A condition on a grade makes the area smaller. One on a CCD, on detector pixels or on
positions takes sky away, and one on energies takes channels: what it drops was not
seen, and is no measurement of zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import scipy.ndimage
from astropy.coordinates import SkyCoord

from hifred.errors import SettingsError
from hifred.observations.events.filters import Condition, alone, meets
from hifred.observations.formats.fits_tables import FitsTable

PLACES = frozenset(
    {
        "CCDNR", "CCD", "CCD_ID", "CCDID", "CHIP", "CHIP_ID", "NODE_ID", "SEGMENT",
        "PIXEL", "RAWX", "RAWY", "CHIPX", "CHIPY", "TDETX", "TDETY", "DETX", "DETY",
        "ACTX", "ACTY", "FOCX", "FOCY", "X", "Y", "RA", "DEC", "GLON", "GLAT",
    }
)  # fmt: skip
ENERGIES = frozenset({"PI", "PHA", "ENERGY", "EPI", "EPI2", "PI2", "UPI"})
TIMES = frozenset({"TIME"})
# A pixel or channel of which conditions drop so much is not used: of one at the edge
# of a CCD less is seen than its exposure says.
LARGEST_SHARE = 0.05


@final
@dataclass(frozen=True, eq=False)
class Unseen:
    """Events that conditions on place, or on energy, dropped, and they alone.

    Parameters
    ----------
    y, x : (event,) arrays
        Columns of position of those that fell in the wrong place.
    sky : (event,) SkyCoord or None
        Their positions; None for detector pixels.
    energy : (other event,) array, keV
        Of those of the wrong energy.
    columns : frozenset of str
        That the conditions ask for.
    """

    y: np.ndarray
    x: np.ndarray
    sky: SkyCoord | None
    energy: np.ndarray
    columns: frozenset[str]


NOTHING = Unseen(np.zeros(0), np.zeros(0), None, np.zeros(0), frozenset())


def dropped_rows(
    table: FitsTable, filters: Mapping[str, Condition], known: frozenset[str]
) -> tuple[np.ndarray, np.ndarray, frozenset[str]]:
    """Return which rows (event,) only their place, and only their energy, drops.

    Parameters
    ----------
    table : FitsTable
    filters : mapping of str to condition
    known : frozenset of str
        Columns of place whose pixels are masked otherwise.

    Returns
    -------
    place, energy : (event,) bool arrays
    columns : frozenset of str
        That the conditions on place and energy ask for.
    """
    parts = [(*part, _kind(part[0], known)) for part in alone(filters)]
    asked = frozenset[str]().union(*(columns for columns, *_, kind in parts if kind))
    none = np.zeros(len(table.data), dtype=bool)
    if not asked:
        return none, none, asked
    ok = dict.fromkeys(("", "place", "energy"), ~none)
    for _, name, condition, kind in parts:
        ok[kind] = ok[kind] & meets(table, name, condition)
    rest = ok[""]
    return (
        rest & ok["energy"] & ~ok["place"],
        rest & ok["place"] & ~ok["energy"],
        asked,
    )


def _kind(columns: frozenset[str], known: frozenset[str]) -> str:
    if columns <= PLACES - known:
        return "place"
    return "energy" if columns <= ENERGIES else ""


def check_conditions(filters: Mapping[str, Condition]) -> None:
    """Raise for a condition on times, whose live time is not known from events."""
    for columns, _, condition in alone(filters):
        if columns & TIMES:
            raise SettingsError(
                f"filters must not choose events by TIME, in {str(condition)!r}: the "
                "live time would stay what it was. Give the intervals as a file of "
                "good times, good_time_files = 'good.gti' (START and STOP)."
            )


def mixed_notes(filters: Mapping[str, Condition], place: str) -> list[str]:
    """Return sentences on conditions whose place cannot be told from the rest."""
    return [
        f"{place}: a condition asks for {', '.join(sorted(columns & PLACES))} together "
        f"with {', '.join(sorted(columns - PLACES))}; which sky it leaves unseen is "
        "not known, and not masked. Write it as conditions of their own, joined by &&, "
        "or give a mask_image."
        for columns, *_ in alone(filters)
        if columns & PLACES and not columns <= PLACES
    ]


def unseen_cells(
    kept: Sequence[np.ndarray], dropped: Sequence[np.ndarray], shape: tuple[int, ...]
) -> np.ndarray:
    """Return which cells of a grid conditions on where an event fell leave unseen.

    A cell without any event is as the nearest one that has some.

    Parameters
    ----------
    kept, dropped : sequence of (event,) arrays
        Cell coordinates, from 0, one array per axis.
    shape : tuple of int

    Returns
    -------
    bool array of `shape`
    """
    n_kept, n_dropped = (_counted(at, shape) for at in (kept, dropped))
    total = n_kept + n_dropped
    if not n_dropped.any():
        return np.zeros(shape, dtype=bool)
    nearest = scipy.ndimage.distance_transform_edt(
        total == 0, return_distances=False, return_indices=True
    )
    share = n_dropped / np.maximum(total, 1)
    return np.asarray(share > LARGEST_SHARE)[tuple(nearest)]


def _counted(at: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Return how many events (*shape) each cell has."""
    places = np.stack(at)
    places = np.rint(places[:, np.isfinite(places).all(axis=0)]).astype(np.int64)
    sides = np.array(shape)[:, None]
    places = places[:, ((places >= 0) & (places < sides)).all(axis=0)]
    flat = np.ravel_multi_index(tuple(places), shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
