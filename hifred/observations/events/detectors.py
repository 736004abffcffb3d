"""What is known of telescopes: how channels count energy, usual event filters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from hifred.observations.events.filters import ColumnFilter
from hifred.observations.formats.fits_tables import FitsFormatError


@final
@dataclass(frozen=True)
class Detector:
    """One kind of detector.

    Parameters
    ----------
    pi_column : str
        Column of the event list that counts energy.
    pi_step_ev : float
        Energy per unit of that column, in eV.
    pi_start_ev : float
        Energy at the lower edge of value `pi_first`.
    pi_first : int
        First value of the column.
    filters : mapping of str to ColumnFilter
        The usual choice of good events.
    """

    pi_column: str
    pi_step_ev: float
    pi_start_ev: float = 0.0
    pi_first: int = 0
    filters: Mapping[str, ColumnFilter] = field(default_factory=dict)


ASCA_GRADES = {"GRADE": ColumnFilter(among=(0, 2, 3, 4, 6))}

EPIC_MOS = Detector("PI", 1.0, filters={"PATTERN": ColumnFilter(maximum=12)})
EPIC_PN = Detector("PI", 1.0, filters={"PATTERN": ColumnFilter(maximum=4)})
ACIS = Detector("PI", 14.6, pi_first=1, filters=ASCA_GRADES)
# ITYPE 0: high-resolution primary events.
CALORIMETER = Detector("PI", 0.5, filters={"ITYPE": ColumnFilter(among=(0,))})
XTEND = Detector("PI", 6.0, filters=ASCA_GRADES)

# Keys are TELESCOP and INSTRUME, in capitals.
DETECTORS = {
    ("XMM", "EMOS1"): EPIC_MOS,
    ("XMM", "EMOS2"): EPIC_MOS,
    ("XMM", "EPN"): EPIC_PN,
    ("CHANDRA", "ACIS"): ACIS,
    ("HITOMI", "SXS"): CALORIMETER,
    ("XRISM", "RESOLVE"): CALORIMETER,
    ("XRISM", "XTEND"): XTEND,
}


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
    telescope = str(header.get("TELESCOP", "")).strip().upper()
    instrument = str(header.get("INSTRUME", "")).strip().upper()
    if (telescope, instrument) not in DETECTORS:
        known = ", ".join(f"{a} {b}" for a, b in DETECTORS)
        raise FitsFormatError(
            f"{place} must name a known detector in TELESCOP and INSTRUME; got "
            f"{telescope or 'none'!r} and {instrument or 'none'!r}, and {known} are "
            "known. Give an energy column, or a response whose channels count it."
        )
    return DETECTORS[telescope, instrument]
