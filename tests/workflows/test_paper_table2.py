import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.store import open_results

FOLDER = Path(__file__).parents[2] / "workflows" / "paper_table2"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_whole_workflow_runs_in_small(tmp_path):
    sweep, figures = tmp_path / "sweep", tmp_path / "figures"
    run = CliRunner().invoke
    words = ["run", f"{FOLDER / 'tiny.toml'}", "--directory", f"{sweep}"]
    done = run(hifred, [*words, "--executor", "inline"])
    assert done.exit_code == 0, done.output
    assert run(hifred, ["collect", f"{sweep}"]).exit_code == 0

    table = load(FOLDER / "table.py")
    printed = run(table.main, [f"{sweep}", "--figures", f"{figures}"])
    assert printed.exit_code == 0, printed.output
    best = table.best_settings(open_results(sweep))
    assert len(best) == 4 * 4
    assert best.groupby("model")["nmse_db"].max().min() > 10
    for number in ("(11.01)", "(0.031)"):
        assert number in printed.output
    assert len(list(figures.glob("*.png"))) == 4 * 8 + 1


def test_the_full_sweep_has_the_grid_of_the_paper():
    path = FOLDER.parent / "paper_table2.toml"
    planned = CliRunner().invoke(hifred, ["plan", f"{path}", "--directory", "unused"])
    assert planned.exit_code == 0, planned.output
    assert "160 trials" in planned.output
    assert "0 duplicates" in planned.output
