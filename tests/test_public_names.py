"""The names that users may rely on: there, documented, and cheap to import."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import hifred

PACKAGE = Path(hifred.__file__).parent
PARTS = sorted(
    ".".join(["hifred", *path.relative_to(PACKAGE).parent.parts])
    for path in PACKAGE.rglob("*/__init__.py")
    if "__all__" in path.read_text("utf-8")
)
AT_THE_TOP = {
    "Draws", "Fusion", "FusionInput", "FusionSettings", "HifredError", "Results",
    "band_ratio", "check_responses", "collect", "declare", "export_fits", "fuse",
    "measure_fusion", "measure_lines", "moment_map",
    "open_fusion_input", "open_results", "open_trial", "plan_sweep", "predicted_counts",
    "prepare_input", "read_declaration", "read_draws", "read_lines", "read_preparation",
    "read_regions", "run_sweep", "save_draws", "save_fusion_input", "simulate",
    "simulate_model", "simulation_settings", "snapshot",
    "without_end_channels", "write_regions", "write_report", "write_spectra",
    "errors", "explore", "functionals", "fusion", "measures", "mixing",
    "observations", "operators", "plots", "posterior", "products", "regions", "report",
    "selection", "settings", "simulation", "solvers", "spectra", "store", "sweep",
    "transforms",
}  # fmt: skip


def test_the_top_has_the_names_that_users_rely_on() -> None:
    # A name that goes breaks somebody's script: see docs/contribute/release.md.
    assert set(hifred.__all__) == AT_THE_TOP


@pytest.mark.parametrize("name", sorted(AT_THE_TOP))
def test_a_name_at_the_top_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(getattr(hifred, name))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_the_names_that_it_lists(part: str) -> None:
    door = importlib.import_module(part)
    assert len(door.__all__) == len(set(door.__all__))
    for name in door.__all__:
        value = getattr(door, name)
        assert not callable(value) or inspect.getdoc(value), name


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_a_page(part: str) -> None:
    # Its names have theirs: the page is made from the list at the door.
    pages = PACKAGE.parent / "docs" / "reference" / "api.md"
    assert f"   {part}\n" in pages.read_text("utf-8")


def test_importing_it_waits_for_nothing() -> None:
    told = "import sys, hifred; print(sorted(m for m in sys.modules if 'hifred.' in m))"
    done = subprocess.run(
        [sys.executable, "-c", f"{told}; print('numpy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:2] == ["[]", "False"]


def test_its_types_are_for_others_too() -> None:
    assert (PACKAGE / "py.typed").is_file()
