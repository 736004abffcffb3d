"""Lines of every trial: beside its result, never part of it."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from hifred.cli import hifred
from hifred.errors import HifredError, SettingsError
from hifred.products import measure_lines
from hifred.products.target_response import cube_line_spread
from hifred.store import open_fusion_input, open_trial
from hifred.sweep import (
    collect,
    map_lines,
    plan_sweep,
    read_declaration,
    run_sweep,
    sweep_line_maps,
)
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.declaration_text import declaration_text
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.record.layout import SweepDirectory

SWEEP = """\
[sweep]
name = "lines"
[models.toy.simulate]
model = "gaussian_1kev_rebinned"
shape = [9, 6]
n_energies = 48
counts = 1e5
[[grid]]
regularizer = "lrs"
mu = [0.001, 0.1]
rank = 2
tolerance = 1e-2
[products]
lines = "chosen.toml"
"""
OXYGEN = """\
[lines.oxygen]
line = "O VIII Ly-alpha"
window_kev = [0.57, 0.75]
"""


def declared(folder: Path, lines: str = OXYGEN, sweep: str = SWEEP) -> Path:
    (folder / "sweep.toml").write_text(sweep)
    (folder / "chosen.toml").write_text(lines)
    return folder / "sweep.toml"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lines")
    report = run_sweep(declared(folder), directory=folder / "run", executor="inline")
    assert report.exit_code == 0
    return folder / "run"


def map_files(root: Path) -> list[Path]:
    return sorted((root / "products").glob("lines-*/*.zarr.zip"))


def test_every_trial_has_maps_of_its_own_cube(done: Path) -> None:
    sweep = SweepDirectory(done)
    assert {p.name.split(".")[0] for p in map_files(done)} == sweep.published()
    maps = sweep_line_maps(done, ["velocity", "moment_flux"])
    assert dict(maps.sizes) == {"trial": 2, "line": 1, "y": 9, "x": 6}
    data = open_fusion_input(sweep.input("toy"))
    settings = {"lines": {"oxygen": {"line": "O VIII Ly-alpha",
                                     "window_kev": (0.57, 0.75)}}}  # fmt: skip
    for trial in maps["trial"].to_numpy():
        result = open_trial(sweep.trial(trial))
        own = measure_lines(
            result, settings, line_spread=cube_line_spread(result, data)
        )
        assert_allclose(maps["moment_flux"].sel(trial=trial), own["moment_flux"])
    assert sorted(maps["mu"].to_numpy()) == [0.001, 0.1]
    assert maps["velocity"].attrs["units"] == "km s-1"


def test_ids_and_results_do_not_depend_on_the_lines(done: Path, tmp_path: Path) -> None:
    plain = declared(tmp_path, sweep=SWEEP.split("[products]")[0])
    planned = plan_sweep(plain, directory=tmp_path / "run")
    with_lines = {trial.id for trial in read_plan(SweepDirectory(done)).trials}
    assert planned.declared == with_lines
    trial = next(iter(with_lines))
    assert "velocity" not in open_trial(SweepDirectory(done).trial(trial))


def test_changed_lines_are_mapped_anew_when_collected(
    done: Path, tmp_path: Path
) -> None:
    assert map_lines(done).n_new == 0
    before = sweep_line_maps(done)
    kept = (done / "lines.toml").read_text()
    (done / "lines.toml").write_text(kept + "components = 1\n")
    try:
        with pytest.raises(
            HifredError, match="line maps of a finished trial; got none"
        ):
            sweep_line_maps(done)
        told = CliRunner().invoke(hifred, ["collect", str(done)])
        assert told.exit_code == 0
        assert "line maps: 2 of 2 trials" in told.stdout
        assert sweep_line_maps(done).sizes == before.sizes
        assert len(map_files(done)) == 4
    finally:
        (done / "lines.toml").write_text(kept)
    # Maps of the earlier lines are still there.
    np.testing.assert_array_equal(sweep_line_maps(done)["flux"], before["flux"])


def test_lines_that_cannot_be_mapped_fail_no_trial_and_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = declared(tmp_path, '[lines.iron]\nline = "Fe XXV w"\n')
    report = run_sweep(path, directory=tmp_path / "run", executor="inline")
    assert report.exit_code == 0
    assert "no line maps of" in caplog.text
    collect(tmp_path / "run")
    told = CliRunner().invoke(hifred, ["collect", str(tmp_path / "run")])
    assert told.exit_code == 1
    assert told.stderr.count("(Fe XXV w) must lie between") == 2


def test_a_wrong_file_of_lines_is_told_before_anything_runs(tmp_path: Path) -> None:
    path = declared(tmp_path, "[lines.iron]\nlin = 3\n")
    with pytest.raises(
        SettingsError, match=r"\[products\] lines: .*did you mean 'line'"
    ):
        plan_sweep(path, directory=tmp_path / "run")
    (tmp_path / "chosen.toml").unlink()
    with pytest.raises(SettingsError, match="file of lines must be a readable file"):
        plan_sweep(path, directory=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_sweep_goes_on_with_its_own_copy_of_the_lines(
    done: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    plan_sweep(declared(tmp_path), directory=run)
    (tmp_path / "chosen.toml").unlink()
    plan_sweep(run)
    assert (run / "lines.toml").read_text() == OXYGEN
    (run / "sweep.toml").write_text(SWEEP.split("[products]")[0])
    plan_sweep(run)
    assert not (run / "lines.toml").exists()
    assert map_lines(run) is None
    with pytest.raises(HifredError, match="it has no lines"):
        sweep_line_maps(run)


def test_names_that_are_not_there_are_told(done: Path) -> None:
    with pytest.raises(HifredError, match="did you mean 'velocity'"):
        sweep_line_maps(done, ["velocty"])
    with pytest.raises(HifredError, match="unknown model 'tyo'; did you mean 'toy'"):
        sweep_line_maps(done, model="tyo")


def test_products_in_python_read_back_from_toml(tmp_path: Path) -> None:
    declaration = declare(
        "s", {"a": "a.zarr"}, {"regularizer": "none"}, products={"lines": "l.toml"}
    )
    (tmp_path / "sweep.toml").write_text(declaration_text(declaration))
    assert read_declaration(tmp_path / "sweep.toml").products.lines == "l.toml"
