"""What is known of telescopes: how channels count energy, usual event filters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

from hifred.observations.events.filters import ColumnFilter
from hifred.observations.formats.fits_files import FitsFormatError


@final
@dataclass(frozen=True, eq=False)
class Detector:
    """One kind of detector.

    Parameters
    ----------
    pi_step_ev : float
        Energy per unit of the column PI, in eV.
    pi_start_ev : float
        Energy at the lower edge of value `pi_first`.
    pi_first : int
        First value of the column.
    filters : mapping of str to ColumnFilter
        The usual choice of good events.
    pixels : (column, row) array of int, optional
        Numbers of the pixels of a small array, by their places DETX and DETY from 1.
    """

    pi_step_ev: float
    pi_start_ev: float = 0.0
    pi_first: int = 0
    filters: Mapping[str, ColumnFilter] = field(default_factory=dict)
    pixels: np.ndarray | None = None


ASCA_GRADES = {"GRADE": ColumnFilter(among=(0, 2, 3, 4, 6))}
# The standard selections of the SAS, #XMMEA_EM and #XMMEA_EP, with single to quadruple
# events in MOS and single and double ones in pn.
MOS_EVENTS = {
    "PATTERN": ColumnFilter(maximum=12),
    "FLAG": ColumnFilter(bits_unset=0x766BA000),
}
PN_EVENTS = {
    "PATTERN": ColumnFilter(maximum=4),
    "FLAG": ColumnFilter(bits_unset=0x2FB002C),
}
# ITYPE 0: high-resolution primary events; pixel 12 looks at a calibration source.
CALORIMETER_EVENTS = {
    "ITYPE": ColumnFilter(among=(0,)),
    "PIXEL": ColumnFilter(exclude=(12,)),
}
# XRISM Proposers' Observatory Guide, figure of the Resolve array; the same in SXS.
CALORIMETER_PIXELS = np.array(
    [
        [12, 11, 9, 19, 21, 23],
        [14, 13, 10, 20, 22, 24],
        [16, 15, 17, 18, 25, 26],
        [8, 7, 0, 35, 33, 34],
        [6, 4, 2, 28, 31, 32],
        [5, 3, 1, 27, 29, 30],
    ]
)

EPIC_MOS = Detector(1.0, filters=MOS_EVENTS)
EPIC_PN = Detector(1.0, filters=PN_EVENTS)
ACIS = Detector(14.6, pi_first=1, filters=ASCA_GRADES)
CALORIMETER = Detector(0.5, filters=CALORIMETER_EVENTS, pixels=CALORIMETER_PIXELS)
XTEND = Detector(6.0, filters=ASCA_GRADES)
XIS = Detector(3.65, filters=ASCA_GRADES)
# The grades that their pipelines keep: nupipeline, and xrtpipeline in photon counting.
FOCAL_PLANE = Detector(
    40.0, pi_start_ev=1600.0, filters={"GRADE": ColumnFilter(maximum=26)}
)
XRT = Detector(10.0, filters={"GRADE": ColumnFilter(maximum=12)})

# Keys are TELESCOP and INSTRUME, in capitals.
DETECTORS = {
    ("XMM", "EMOS1"): EPIC_MOS,
    ("XMM", "EMOS2"): EPIC_MOS,
    ("XMM", "EPN"): EPIC_PN,
    ("CHANDRA", "ACIS"): ACIS,
    ("HITOMI", "SXS"): CALORIMETER,
    ("XRISM", "RESOLVE"): CALORIMETER,
    ("XRISM", "XTEND"): XTEND,
    ("NUSTAR", "FPMA"): FOCAL_PLANE,
    ("NUSTAR", "FPMB"): FOCAL_PLANE,
    ("SWIFT", "XRT"): XRT,
    **{("SUZAKU", f"XIS{i}"): XIS for i in range(4)},
}


def named_detector(header: Mapping[str, object]) -> Detector | None:
    """Return what is known of the detector that a header names, if anything is.

    Parameters
    ----------
    header : mapping
        With TELESCOP and INSTRUME.
    """
    return DETECTORS.get(_names(header))


def _names(header: Mapping[str, object]) -> tuple[str, str]:
    telescope = str(header.get("TELESCOP", "")).strip().upper()
    return telescope, str(header.get("INSTRUME", "")).strip().upper()


def known_detector(header: Mapping[str, object], place: str) -> Detector:
    """Return what is known of the detector that a header names.

    Parameters
    ----------
    header : mapping
        With TELESCOP and INSTRUME.
    place : str
        File and extension, for the error.

    Raises
    ------
    FitsFormatError
        If the telescope or the instrument is unknown.
    """
    detector = named_detector(header)
    if detector is None:
        telescope, instrument = _names(header)
        known = ", ".join(f"{a} {b}" for a, b in DETECTORS)
        raise FitsFormatError(
            f"{place} must name a known detector in TELESCOP and INSTRUME; got "
            f"{telescope or 'none'!r} and {instrument or 'none'!r}, and {known} are "
            "known. Give an energy column, or a response whose channels count it."
        )
    return detector
