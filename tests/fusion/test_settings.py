"""Settings: what is read, what is refused, and how it is said."""

import pytest

from hifred.errors import SettingsError
from hifred.fusion import FusionSettings, active_settings


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"regularizer": "starlets"}, "regularizer must be 'none', 'low_rank'"),
        ({"regularizer": "lrs", "mu": -1.0}, "mu must be"),
        ({"regularizer": "lrs"}, "mu is needed by 'lrs'"),
        ({"regularizer": "lrs", "mu": float("inf")}, "mu must be finite"),
        ({"regularizer": "lrs", "mu": "varying"}, "belongs to w2d1d"),
        ({"regularizer": "low_rank", "rank": 0}, "rank must be"),
        ({"regularizer": "none", "tolerence": 1.0}, "did you mean 'tolerance'"),
        ({}, "regularizer must be"),
    ],
)
def test_bad_settings_are_named(table: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FusionSettings.read(table)


def test_settings_that_are_not_read_are_dropped() -> None:
    free = active_settings(FusionSettings(regularizer="none", mu=3.0, rank=7))
    assert not {"mu", "rank", "step_size", "space_scales"} & set(free)
    smooth = active_settings(FusionSettings(regularizer="lrs", mu=3.0, rank=7))
    assert (smooth["mu"], smooth["rank"]) == (3.0, 7)
    assert "space_scales" not in smooth
