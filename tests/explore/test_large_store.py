"""The explorer keeps its promise on hundreds of full-size trials."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.browser
def test_a_click_on_200_full_size_trials_is_quick_and_small() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.explorer"]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    measured = json.loads(found.stdout)
    for name in ("click_pixel_worst", "drag_field", "choose_trial", "choose_band"):
        assert measured[name] < 0.3, name
    assert measured["memory_mib"] < 1024
