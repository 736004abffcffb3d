"""The explorer keeps its promise on hundreds of full-size trials."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _measured(module: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", module]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout)


@pytest.mark.browser
def test_a_click_on_200_full_size_trials_is_quick_and_small() -> None:
    measured = _measured("benchmarks.explorer")
    for name in ("click_pixel_worst", "drag_field", "choose_trial", "choose_band"):
        assert measured[name] < 0.3, name
    assert measured["memory_mib"] < 1024


# The aims are 2 s for the first page and 0.3 s for a change. A trial takes 0.22 to
# 0.32 s, by what else the machine does: a third more is a loss, no noise.
LIMITS = {
    "first_page": 2.5, "pixel": 0.4, "band": 0.4, "trial": 0.4, "memory_mib": 1024,
}  # fmt: skip


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_of_200_full_size_trials_answers_within_its_cpu_time() -> None:
    """In CPU seconds of Chromium and the server together, not in wall time.

    What else runs on the machine can only add to them: the lower of two counts.
    """
    measured = _measured("benchmarks.explorer_page")
    if any(measured[name] > limit for name, limit in LIMITS.items()):
        again = _measured("benchmarks.explorer_page")
        measured = {name: min(value, again[name]) for name, value in measured.items()}
    assert {k: v for k, v in measured.items() if v > LIMITS.get(k, 1e9)} == {}
