import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_array_equal

from hifred.errors import SettingsError
from hifred.observations.events.filters import ColumnFilter, meets, parse_filters
from hifred.observations.formats.fits_files import FitsFormatError
from hifred.observations.formats.fits_tables import FitsTable

VALUES = np.array([0, 1, 4, 5, 12, 13])


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (ColumnFilter(maximum=12), VALUES <= 12),
        (ColumnFilter(minimum=1, maximum=5), (VALUES >= 1) & (VALUES <= 5)),
        (ColumnFilter(among=(0, 2, 4)), np.isin(VALUES, [0, 4])),
        (ColumnFilter(bits_unset=5), (VALUES & 5) == 0),
    ],
)
def test_conditions_accept_what_they_say(
    condition: ColumnFilter, expected: np.ndarray
) -> None:
    assert_array_equal(condition.accepts(VALUES), expected)


def table(tmp_path) -> FitsTable:
    status = np.zeros((6, 4), dtype=bool)
    status[2, 3] = status[5, 0] = True
    columns = [
        fits.Column("PATTERN", "I", array=VALUES),
        fits.Column("STATUS", "4X", array=status),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    return FitsTable(tmp_path / "e.fits", "EVENTS", hdu.data, hdu.header)


def test_all_filters_must_be_met(tmp_path) -> None:
    filters = parse_filters({"PATTERN": {"maximum": 12}, "STATUS": {"bits_unset": 15}})
    passed = [meets(table(tmp_path), name, f) for name, f in filters.items()]
    good = np.logical_and.reduce(passed)
    assert_array_equal(good, [True, True, False, True, True, False])


def test_a_filter_on_a_missing_column_is_told(tmp_path) -> None:
    with pytest.raises(FitsFormatError, match=r"e.fits\[EVENTS\].*column GRADE"):
        meets(table(tmp_path), "GRADE", ColumnFilter(maximum=1))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"PI": {"maximun": 3}}, "unknown key in .filters.PI. 'maximun'; did you mean"),
        (
            {"PI": {"maximum": "high"}},
            "PI.maximum must be a number; got 'high'",
        ),
        ({"PI": "PI > 300"}, "filter on PI must be a table"),
        ({"PI": {}}, "filter on PI must be a table"),
    ],
)
def test_a_wrong_declaration_is_told(declared: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_filters(declared)
