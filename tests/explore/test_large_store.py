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


LIMITS = {
    "first_page": 2.0, "pixel": 0.3, "band": 0.3, "trial": 0.3, "memory_mib": 1024,
}  # fmt: skip
MOST_TRIES = 3


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_of_200_full_size_trials_answers_within_its_cpu_time() -> None:
    """In CPU seconds of Chromium and the server together, not in wall time.

    What else runs on the machine can only add to them: the lowest of some tries counts.
    """
    least: dict[str, float] = {}
    for _ in range(MOST_TRIES):
        measured = _measured("benchmarks.explorer_page")
        least = {k: min(v, least.get(k, v)) for k, v in measured.items()}
        if all(least[name] <= limit for name, limit in LIMITS.items()):
            return
    pytest.fail(f"limits: {LIMITS}; measured: {least}")
