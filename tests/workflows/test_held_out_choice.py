import importlib.util
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.store import open_results

FOLDER = Path(__file__).parents[2] / "workflows" / "held_out_choice"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_loss_is_the_best_minus_the_chosen():
    rows = [("a_b_1", 20.0, 3.0), ("a_b_1", 19.0, 2.0), ("a_b_2", 18.0, 1.0)]
    frame = pd.DataFrame(rows, columns=["model", "nmse_db", "held_out_error"])
    frame = frame.assign(status="done", regularizer="lrs")
    found = load(FOLDER / "losses.py").losses(frame, "held_out_error")
    assert found.loc[("a_b", "lrs")].to_dict() == {1: 1.0, 2: 0.0}


@pytest.mark.slow
def test_held_out_error_chooses_well_in_small(tmp_path):
    sweep = tmp_path / "sweep"
    run = CliRunner().invoke
    words = ["run", f"{FOLDER / 'tiny.toml'}", "--directory", f"{sweep}"]
    done = run(hifred, [*words, "--executor", "inline"])
    assert done.exit_code == 0, done.output
    assert run(hifred, ["collect", f"{sweep}"]).exit_code == 0
    script = load(FOLDER / "losses.py")
    printed = run(script.main, [f"{sweep}"])
    assert printed.exit_code == 0, printed.output
    assert "gaussian_6kev" in printed.output
    results = open_results(sweep)
    for score in ("held_out_error", "held_out"):
        found = script.losses(results.table(), score)
        assert found.shape == (3, 2)
        # The few counts of this size leave the choice between two ranks to chance.
        assert found.mean(axis=None) <= 0.3
        assert found.max(axis=None) <= 1.0
    best = results.best("held_out", 1, each="model")["held_out"]
    assert (best < results.best("held_out", 100)["held_out"].mean()).all()


def test_the_full_sweep_covers_every_model_regularizer_and_seed():
    path = FOLDER / "sweep.toml"
    planned = CliRunner().invoke(hifred, ["plan", f"{path}", "--directory", "unused"])
    assert planned.exit_code == 0, planned.output
    assert "560 trials" in planned.output
    assert "0 duplicates" in planned.output
