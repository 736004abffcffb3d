"""The notebooks: no outputs in the repository, and they run from top to bottom."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from hifred.sweep import collect, declare, run_sweep

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TOY = {
    "model": "gaussian_1kev_rebinned", "shape": [15, 12], "n_energies": 120,
    "counts": 2e5,
}  # fmt: skip


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_are_nine() -> None:
    assert len(NOTEBOOKS) == 9


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_outputs_are_stripped(path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_they_are_short_and_narrated(path) -> None:
    cells = read(path).cells
    assert len(cells) <= 25
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    told = sum(cell.cell_type == "markdown" for cell in cells)
    assert told >= len(cells) / 3


@pytest.fixture(scope="module")
def toy_sweep(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "sweep"
    grids = [
        {"regularizer": "lrs", "mu": [0.001, 0.01], "rank": [3, 4]},
        {"regularizer": "low_rank", "rank": [3]},
        {"regularizer": "guided"},
    ]
    declaration = declare("toy", {"shell": {"simulate": TOY}}, grids)
    report = run_sweep(declaration, executor="inline", directory=folder)
    assert report.exit_code == 0
    collect(folder)
    return folder


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_they_run_from_top_to_bottom(path, toy_sweep, monkeypatch) -> None:
    monkeypatch.setenv("HIFRED_SWEEP", str(toy_sweep))
    monkeypatch.setenv("HIFRED_ROOT", str(ROOT))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT)]))
    notebook = read(path)
    client = NotebookClient(notebook, timeout=170, kernel_name="python3")
    client.execute(cwd=str(path.parent))
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert pictures or path.stem.startswith("05")
