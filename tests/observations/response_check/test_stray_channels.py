"""Contaminated and dead channels of the imager are named, and spoil nothing else."""

from typing import Any

import numpy as np
import pytest

from hifred.observations import ResponseReport, check_responses
from tests.observations.scenes import drawn_counts, imager, spectrometer

COUNTS = drawn_counts(1e6, seed=1)
N_CHANNELS = len(COUNTS["epic"])
MIDDLE = N_CHANNELS // 2


def report_of(imager_changes: dict[str, Any]) -> ResponseReport:
    return check_responses(
        {
            "epic": imager(**({"counts": COUNTS["epic"]} | imager_changes)),
            "resolve": spectrometer(counts=COUNTS["resolve"]),
        }
    )


def times(factor: float, channels: Any) -> np.ndarray:
    counts = COUNTS["epic"].astype(float)
    counts[channels] *= factor
    return np.random.default_rng(3).poisson(counts)


CASES = {
    "one too bright": (times(20, MIDDLE), f"{MIDDLE} "),
    "a band too bright": (times(20, np.s_[4:7]), "4 to 6 "),
    "the first": (times(20, 0), "0 "),
    "the last": (times(20, -1), f"{N_CHANNELS - 1} "),
    "one dead": (times(0, MIDDLE), f"{MIDDLE} "),
    "a band too dim": (times(0.05, np.s_[4:7]), "4 to 6 "),
    "one too bright, one dead": (
        np.where(np.arange(N_CHANNELS)[:, None, None] == 5, 0, times(20, 9)),
        "5 ",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_they_are_named_and_all_other_figures_stay(name: str) -> None:
    counts, named = CASES[name]
    report = report_of({"counts": counts})
    assert [row.name for row in report.rows if not row.is_ok] == ["stray channels"]
    assert f"make expected: {named}(" in report.warnings[0]


def test_it_says_how_far_they_are_and_where() -> None:
    report = report_of({"counts": times(20, MIDDLE)})
    edges = imager()["channel_edges"].values[MIDDLE : MIDDLE + 2]
    wanted = f"({edges[0]:.4g} to {edges[1]:.4g} keV, 20 times the counts)"
    assert wanted in report.warnings[0]


def test_masked_channels_are_left_out() -> None:
    mask = np.ones(COUNTS["epic"].shape, bool)
    mask[MIDDLE] = False
    report = report_of({"counts": times(20, MIDDLE), "mask": mask})
    assert report.is_ok, str(report)
    assert not report.notes


def test_masked_channels_of_the_spectrometer_are_left_out() -> None:
    mask = np.ones(COUNTS["resolve"].shape, bool)
    mask[60:64] = False
    report = check_responses(
        {
            "epic": imager(counts=COUNTS["epic"]),
            "resolve": spectrometer(counts=COUNTS["resolve"], mask=mask),
        }
    )
    assert report.is_ok, str(report)
    assert not report.notes


def test_a_general_difference_is_no_stray_channel() -> None:
    counts = times(5, np.s_[: N_CHANNELS // 2])
    rows = {row.name: row for row in report_of({"counts": counts}).rows}
    assert rows["stray channels"].value == 0
    assert not rows["spectrum misfit"].is_ok
