"""The lines that a sweep measures, in its report."""

from pathlib import Path

import pytest

from hifred.plots.shelf import Shelf, open_shelf
from hifred.report.chapters import line_pictures
from hifred.sweep import run_sweep
from tests.sweep.test_line_products import SWEEP, declared


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report-lines")
    one = SWEEP.replace("[0.001, 0.1]", "0.1")
    run_sweep(declared(folder, sweep=one), directory=folder / "run", executor="inline")
    return folder / "run"


def pictures(shelf: Shelf):
    return list(line_pictures(shelf, "toy"))


def test_each_line_has_a_picture(root: Path) -> None:
    (picture,) = pictures(open_shelf(root))
    assert picture.title == "Line oxygen of the best fusion"
    assert picture.address
    assert not picture.reason


def test_a_sweep_without_lines_or_with_wrong_ones_has_none(root: Path) -> None:
    kept = (root / "lines.toml").read_text()
    (root / "lines.toml").write_text("[lines.x]\nlien = 'Fe XXV w'\n")
    (picture,) = pictures(open_shelf(root))
    assert "did you mean 'line'" in picture.reason
    # Lines that nobody has mapped yet, and none at all.
    (root / "lines.toml").write_text(kept + "components = 1\n")
    assert pictures(open_shelf(root)) == []
    (root / "lines.toml").unlink()
    assert pictures(open_shelf(root)) == []
    (root / "lines.toml").write_text(kept)
