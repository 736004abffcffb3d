import pytest
import xarray as xr

from hifred.measures import measure_name
from hifred.plots.labels import (
    band_text,
    measure_label,
    plain_unit,
    power_of_ten,
    pretty_unit,
    scaled_label,
    setting_label,
    variable_label,
    with_unit,
)
from hifred.plots.trial_grid import trials_of
from hifred.store.trial_table import setting_text
from tests.made_up import make_collected


def test_exponents_are_raised() -> None:
    assert pretty_unit("photon cm-2 s-1") == "photon cm$^{-2}$ s$^{-1}$"
    assert plain_unit("cm2 s-1") == "cm² s⁻¹"


def test_every_label_has_a_unit() -> None:
    assert with_unit("SAM", "rad") == "SAM (rad)"
    assert with_unit("ratio", "1") == "ratio (dimensionless)"
    assert setting_label("rank") == "rank (components)"
    assert setting_label("mu") == "strength mu (dimensionless)"
    angle = xr.DataArray(1.0, attrs={"units": "rad", "long_name": "angle"})
    assert variable_label(angle) == "angle (rad)"


def test_a_word_has_no_unit() -> None:
    assert setting_label("regularizer") == "regularizer"


def test_a_measure_says_which_way_is_better() -> None:
    table = trials_of(make_collected())
    assert measure_label(table, "nmse_db") == "NMSE (dB), higher is better"
    assert measure_name("deviance_sigma_epic") == "misfit, epic"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (10.0, "10"), (0.0003, "0.0003"), ("a", "a")],
)
def test_settings_read_as_written(value, text) -> None:
    assert setting_text(value) == text


def test_a_narrow_band_keeps_its_digits() -> None:
    assert band_text((0.5, 1.4)) == "0.50–1.40 keV"
    assert band_text((0.5, 0.5004)) == "0.50000–0.50040 keV"


@pytest.mark.parametrize(
    ("top", "exponent"), [(3e-7, -7), (0.5, 0), (2e5, 5), (0.0, 0)]
)
def test_power_of_ten(top, exponent) -> None:
    assert power_of_ten(top) == exponent


def test_scaled_label_carries_the_factor() -> None:
    assert scaled_label("flux", "cm-2", -7) == "flux\n($10^{-7}$ cm$^{-2}$)"
