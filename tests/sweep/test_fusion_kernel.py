"""Real fusions as trials: small ones, on every executor, killed and resumed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hifred.errors import HifredError, SettingsError
from hifred.fusion import FusionSettings
from hifred.observations import FusionInput
from hifred.selection import Split, held_out_scores
from hifred.store import open_fusion_input, open_trial, save_fusion_input
from hifred.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.kernels.code_digest import source_digest
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.record.event_log import EventReader
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.reproduction import reproduce
from hifred.sweep.watch.snapshot import snapshot
from tests.scenes import observe, sky_cube

TOML = """
[sweep]
name = "real"
[models.a]
input = "a.zarr"
[[grid]]
regularizer = "lrs"
mu = [0.01, 0.1, 1.0]
rank = [2, 3]
[solver]
tolerance = 1e-3
[run]
checkpoint_every = 0.01
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "a.zarr"
    observations = observe(sky_cube((24, 9, 6)), rng=np.random.default_rng(1))
    save_fusion_input(path, FusionInput(observations, None, {}))
    (path.parent / "sweep.toml").write_text(TOML)
    return path


def settings(**own: object) -> dict:
    given = {"regularizer": "lrs", "mu": 0.1, "rank": 2, "tolerance": 1e-3, **own}
    return {**FusionKernel().active(given), "seed": 0}


def finish(attempt):
    while not attempt.step().done:
        pass
    return attempt.result()


def test_what_a_regularizer_does_not_read_is_dropped() -> None:
    kernel = FusionKernel()
    one = kernel.active({"regularizer": "low_rank", "rank": 3, "mu": 1.0})
    other = kernel.active({"regularizer": "low_rank", "rank": 3.0})
    assert one == other
    assert "mu" not in one


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regulariser": "lrs"}, "did you mean 'regularizer'"),
        ({"regularizer": "lsr", "mu": 1}, "regularizer must be"),
        ({"regularizer": "lrs", "mu": -1}, "mu must be"),
        ({"regularizer": "lrs", "mu": 1, "metrics": {"helt_out": {}}}, "held_out"),
        (
            {"regularizer": "lrs", "mu": 1, "metrics": {"held_out": {"fraction": 2.0}}},
            "fraction must be",
        ),
    ],
)
def test_wrong_settings_are_told(given: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FusionKernel().active(given)


def test_an_input_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(HifredError):
        FusionKernel().check_input(tmp_path / "x.zarr")


@pytest.mark.parametrize("n_before", [1, 3])
@pytest.mark.parametrize(
    "own",
    [
        {},
        {"regularizer": "lrw2d", "space_scales": 1},
        {"regularizer": "none", "max_iterations": 20},
        {"solver": "paper", "max_iterations": 6},
    ],
    ids=["lrs", "lrw2d", "none", "paper"],
)
def test_a_fusion_resumed_from_a_file_is_the_same_bit_for_bit(
    stored: Path, tmp_path: Path, n_before: int, own: dict
) -> None:
    asked = settings(metrics={"held_out": {"seeds": [1]}}, **own)
    straight = finish(FusionKernel().begin(stored, asked, None))
    attempt = FusionKernel().begin(stored, asked, None)
    for _ in range(n_before):
        attempt.step()
    saved = Checkpoint("ab12cd34ef56", n_before, 0.0, attempt.state())
    save_checkpoint(tmp_path / "c.npz", saved)
    arrays = load_checkpoint(tmp_path / "c.npz", "ab12cd34ef56").arrays
    resumed = finish(FusionKernel().begin(stored, asked, arrays))
    assert resumed.flux.values.tobytes() == straight.flux.values.tobytes()
    assert float(resumed.held_out_deviance) == float(straight.held_out_deviance)


def test_held_out_counts_are_scored_as_by_the_selection(stored: Path) -> None:
    asked = settings(metrics={"held_out": {"seeds": [1, 2]}})
    found = finish(FusionKernel().begin(stored, asked, None))
    own = {k: v for k, v in asked.items() if k not in ("seed", "metrics")}
    expected = held_out_scores(
        open_fusion_input(stored), FusionSettings.read(own), split=Split(seeds=(1, 2))
    )
    assert float(found.held_out_deviance) == float(expected.held_out_deviance)
    assert float(found.held_out_error) == float(expected.held_out_error)
    assert found.held_out_deviance.attrs["direction"] == "lower"
    assert np.isfinite(found.objective)
    assert "deviance" in found


def test_comments_are_no_code(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    texts = [
        '"""A."""\ndef f(x):\n    """F."""\n    return x + 1\n',
        '"""B."""\n\n# why\ndef f(x):\n    return x + 1  # because\n',
        '"""A."""\ndef f(x):\n    """F."""\n    return x + 2\n',
    ]
    digests = []
    for text in texts:
        path.write_text(text)
        digests.append(source_digest(path))
    assert digests[0] == digests[1] != digests[2]


def cubes(sweep: Path) -> dict[str, bytes]:
    directory = SweepDirectory(sweep)
    found = {}
    for name in directory.published():
        with open_trial(directory.trial(name)) as trial:
            found[name] = trial.flux.values.tobytes()
    return found


@pytest.mark.slow
def test_a_killed_command_goes_on_and_the_cubes_are_identical(
    stored: Path, tmp_path: Path
) -> None:
    inline, killed = tmp_path / "inline", tmp_path / "killed"
    toml = stored.parent / "sweep.toml"
    run_sweep(toml, directory=inline, executor="inline")
    command = [sys.executable, "-m", "hifred.cli", "run", str(toml), "--directory",
               str(killed), "--workers", "2", "--quiet"]  # fmt: skip
    driver = subprocess.Popen(command, start_new_session=True)
    until = time.monotonic() + 120
    while (
        not (killed / "plan.jsonl").exists() or not SweepDirectory(killed).published()
    ):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    done = SweepDirectory(killed).published()
    before = {n: SweepDirectory(killed).trial(n).stat().st_mtime_ns for n in done}
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert f"({len(done)} were done already)" in again.stdout
    after = {n: SweepDirectory(killed).trial(n).stat().st_mtime_ns for n in done}
    assert after == before
    assert snapshot(killed).counts["done"] == 6
    assert cubes(killed) == cubes(inline)
    events = [e["event"] for e in EventReader(killed / "events").new_records()]
    assert "checkpoint_discarded" not in events
    assert reproduce(killed, sorted(done)[0]).identical


@pytest.mark.drill
@pytest.mark.timeout(600)
def test_one_and_four_workers_give_identical_cubes(
    stored: Path, tmp_path: Path
) -> None:
    toml = stored.parent / "sweep.toml"
    for name, choices in {
        "inline": {"executor": "inline"},
        "one": {"workers": 1},
        "four": {"workers": 4},
    }.items():
        assert run_sweep(toml, directory=tmp_path / name, **choices).exit_code == 0
    expected = cubes(tmp_path / "inline")
    assert len(expected) == 6
    assert cubes(tmp_path / "one") == expected
    assert cubes(tmp_path / "four") == expected
