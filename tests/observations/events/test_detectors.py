import pytest

from hifred.observations.events.detectors import DETECTORS, known_detector
from hifred.observations.formats.fits_files import FitsFormatError


def test_spaces_and_case_do_not_matter() -> None:
    header = {"TELESCOP": "Chandra ", "INSTRUME": "ACIS"}
    assert known_detector(header, "x") is DETECTORS["CHANDRA", "ACIS"]


@pytest.mark.parametrize("header", [{}, {"TELESCOP": "ROSAT", "INSTRUME": "PSPCB"}])
def test_an_unknown_telescope_is_told_with_the_known_ones(header: dict) -> None:
    with pytest.raises(FitsFormatError, match=r"e.fits\[EVENTS\].*XRISM RESOLVE"):
        known_detector(header, "e.fits[EVENTS]")
