"""Paths of trials, each from the result of the one before."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hifred.errors import SettingsError
from hifred.observations import FusionInput
from hifred.store import open_trial, save_fusion_input
from hifred.sweep.driver.run import RunReport, run_sweep
from hifred.sweep.driver.trial_queue import TrialQueue
from hifred.sweep.plan.declaration import Declaration, declare
from hifred.sweep.plan.plan import read_plan
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.commands import cancel, retry
from hifred.sweep.watch.reproduction import reproduce
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.upkeep import verify
from tests.scenes import observe, sky_cube
from tests.sweep import drive
from tests.sweep.stub_kernels import StubAttempt, StubKernel

FALLING = [1.0, 0.3, 0.1, 0.03]
TOML = """
[sweep]
name = "warm"
[models.a]
input = "a.zarr"
[[grid]]
regularizer = "lrs"
mu = [0.1, 1.0, 0.03, 0.3]
rank = [2, 3]
warm_start = "mu"
[[grid]]
regularizer = "w2d1d"
mu = [0.3, 1.0]
energy_scales = 2
warm_start = "mu"
[solver]
tolerance = 1e-3
[run]
checkpoint_every = 0
"""


@pytest.fixture(scope="module")
def toml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("input")
    observations = observe(sky_cube((24, 9, 6)), rng=np.random.default_rng(1))
    save_fusion_input(folder / "a.zarr", FusionInput(observations, None, {}))
    (folder / "sweep.toml").write_text(TOML)
    return folder / "sweep.toml"


@pytest.fixture(scope="module")
def whole(toml: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sweep of real fusions that nothing has interrupted."""
    sweep = tmp_path_factory.mktemp("whole") / "s"
    assert run_sweep(toml, directory=sweep, executor="inline").exit_code == 0
    return sweep


def cubes(sweep: Path) -> dict[str, bytes]:
    found = {}
    for name in SweepDirectory(sweep).published():
        with open_trial(SweepDirectory(sweep).trial(name)) as trial:
            found[name] = trial.flux.values.tobytes()
    return found


def settings_of(sweep: Path) -> dict[str, dict]:
    plan = read_plan(SweepDirectory(sweep))
    return {trial.id: dict(trial.settings) for trial in plan.trials}


def started_mus(sweep: Path, **wanted: object) -> list[float]:
    settings = settings_of(sweep)
    started = [settings[trial_id] for trial_id, _ in drive.starts_of(sweep)]
    return [s["mu"] for s in started if wanted.items() <= s.items()]


def test_fusions_run_in_the_order_of_the_path(whole: Path) -> None:
    for rank in (2, 3):
        assert started_mus(whole, rank=rank) == FALLING
    assert started_mus(whole, regularizer="w2d1d") == [1.0, 0.3]


def test_each_fusion_starts_where_the_one_before_ended(whole: Path) -> None:
    directory = SweepDirectory(whole)

    def data_terms(trial_id: str) -> np.ndarray:
        with open_trial(directory.trial(trial_id)) as trial:
            return trial["cost"].sel(term=["imager", "spectrometer"]).sum("term").values

    for trial in read_plan(directory).trials:
        if trial.settings["regularizer"] != "lrs":
            continue
        terms = data_terms(trial.id)
        end = terms[-1] if trial.after is None else data_terms(trial.after)[-1]
        is_near = abs(terms[0] - end) < 0.05 * end
        assert is_near == (trial.after is not None)


def test_where_a_fusion_starts_is_part_of_its_id(toml: Path, tmp_path: Path) -> None:
    warm = plan_sweep(toml, directory=tmp_path / "warm").plan.trials
    cold_toml = toml.with_name("cold.toml")
    cold_toml.write_text(TOML.replace('warm_start = "mu"', ""))
    cold = {t.id for t in plan_sweep(cold_toml, directory=tmp_path / "c").plan.trials}
    assert {t.id for t in warm} & cold == {t.id for t in warm if t.after is None}
    # One more at the head of a path makes other trials of all that follow it.
    longer = toml.with_name("longer.toml")
    longer.write_text(TOML.replace("mu = [0.1, 1.0,", "mu = [3.0, 0.1, 1.0,"))
    found = plan_sweep(longer, directory=tmp_path / "longer").plan.trials
    common = {t.id for t in warm} & {t.id for t in found}
    assert {settings_of(tmp_path / "warm")[name]["regularizer"] for name in common} == {
        "w2d1d"
    }


@pytest.mark.parametrize("name", ["rank", "margin_pixels"])
def test_fusions_follow_no_path_on_which_cubes_differ_in_shape(
    toml: Path, tmp_path: Path, name: str
) -> None:
    models = {"a": toml.with_name("a.zarr")}
    grid = {"regularizer": "lrs", "mu": 1, "rank": 2, name: [2, 3], "warm_start": name}
    with pytest.raises(SettingsError, match=f"keeps the shape.*got '{name}'"):
        plan_sweep(declare("s", models, grid), directory=tmp_path / "s")


def test_a_warm_started_fusion_can_be_reproduced(whole: Path) -> None:
    trials = read_plan(SweepDirectory(whole)).trials
    last = next(t for t in trials if t.settings["mu"] == FALLING[-1])
    assert reproduce(whole, last.id).identical


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_path_survives_a_kill_in_the_middle(
    toml: Path, whole: Path, tmp_path: Path
) -> None:
    n_done = 3
    sweep = tmp_path / "s"
    command = [sys.executable, "-m", "hifred.cli", "run", str(toml), "--directory",
               str(sweep), "--workers", "2", "--quiet"]  # fmt: skip
    driver = subprocess.Popen(command, start_new_session=True)
    until = time.monotonic() + 120
    while (
        not (sweep / "plan.jsonl").exists()
        or len(SweepDirectory(sweep).published()) < n_done
    ):
        assert time.monotonic() < until
        time.sleep(0.005)
    drive.kill_group(driver)
    done = drive.assert_all_valid(sweep)
    assert n_done <= len(done) < 10
    before = set(drive.starts_of(sweep))
    assert run_sweep(sweep, executor="inline").exit_code == 0
    assert not {name for name, _ in set(drive.starts_of(sweep)) - before} & done
    assert cubes(sweep) == cubes(whole)


class Faulty(StubKernel):
    """Fails at one value of mu, until it is mended."""

    def __init__(self, mu: float | None) -> None:
        super().__init__()
        self.mu = mu

    def begin(self, input_path, settings, state, initial=None) -> StubAttempt:
        if settings["mu"] == self.mu:
            settings = {**settings, "behaviour": "raise"}
        return super().begin(input_path, settings, state, initial)


def path_of(source: Path) -> Declaration:
    grid = {"mu": [1, 2, 3, 4], "rank": [4, 5], "n_steps": 2, "warm_start": "mu"}
    return declare("path", {"a": source}, grid)


def run(target: Path | Declaration, sweep: Path | None = None, **choices) -> RunReport:
    return run_sweep(
        target, directory=sweep,
        **({"executor": "inline", "kernel": StubKernel()} | choices),
    )  # fmt: skip


def done_mus(sweep: Path) -> list[float]:
    settings = settings_of(sweep)
    return sorted(settings[t]["mu"] for t in SweepDirectory(sweep).published())


@pytest.mark.parametrize(
    "choices",
    [
        {},
        pytest.param({"executor": "local", "workers": 2}, marks=pytest.mark.slow),
    ],
)
def test_what_follows_a_failed_trial_waits_until_it_is_mended(
    source: Path, tmp_path: Path, choices: dict
) -> None:
    sweep, straight = tmp_path / "s", tmp_path / "straight"
    report = run(path_of(source), sweep, kernel=Faulty(3), **choices)
    assert report.exit_code == 1
    assert done_mus(sweep) == [4, 4]
    assert report.snapshot.counts["failed"] == 2
    # Waiting is no failure of their own: nothing of them was tried.
    assert report.snapshot.counts["pending"] == 4
    assert sorted(t.settings["mu"] for t in report.blocked or ()) == [1, 1, 2, 2]
    assert set(started_mus(sweep)) == {4, 3}
    # The same again as long as it fails, and on from there once it does not.
    assert run(sweep, kernel=Faulty(3)).n_run == 0
    assert len(retry(sweep)) == 2
    assert run(sweep, **choices).exit_code == 0
    assert run(path_of(source), straight).exit_code == 0
    assert cubes(sweep) == cubes(straight)


def test_what_follows_a_cancelled_trial_waits_too(source: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s"
    plan_sweep(path_of(source), directory=sweep, kernel=StubKernel())
    cancel(sweep, where="mu == 2 and rank == 4")
    report = run(sweep)
    assert report.exit_code == 3
    assert [t.settings["mu"] for t in report.blocked or ()] == [1]
    retry(sweep, states=["cancelled"])
    assert run(sweep).exit_code == 0


def test_a_lost_result_is_made_again_before_what_follows_it(
    source: Path, tmp_path: Path
) -> None:
    sweep = tmp_path / "s"
    run(path_of(source), sweep)
    expected = cubes(sweep)
    settings = settings_of(sweep)
    for name, own in settings.items():
        if own["rank"] == 4 and own["mu"] in (3, 1):
            SweepDirectory(sweep).trial(name).unlink()
    report = run(sweep)
    assert (report.n_run, report.exit_code) == (2, 0)
    assert started_mus(sweep, rank=4)[-2:] == [3, 1]
    assert cubes(sweep) == expected


@pytest.mark.parametrize("damage", ["truncate", "flip", "swap"])
def test_no_trial_starts_from_a_damaged_result(
    source: Path, tmp_path: Path, damage: str
) -> None:
    sweep, straight = tmp_path / "s", tmp_path / "straight"
    run(path_of(source), straight)
    run(path_of(source), sweep, kernel=Faulty(3))
    victim = damaged_head(sweep, damage)
    retry(sweep)
    report = run(sweep)
    assert report.exit_code == 1
    ((message, _),) = report.snapshot.errors
    assert f"the trial to start from, {victim}, must be whole" in message
    # The other path is not held up.
    assert report.snapshot.counts["done"] == 5
    assert "hifred verify --repair" in message
    verify(sweep, kernel=StubKernel(), repair=True)
    retry(sweep)
    assert run(sweep).exit_code == 0
    assert cubes(sweep) == cubes(straight)


def damaged_head(sweep: Path, damage: str) -> str:
    directory = SweepDirectory(sweep)
    victim, other = sorted(directory.published())
    path = directory.trial(victim)
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        path.write_bytes(content[:-300])
    elif damage == "swap":
        path.write_bytes(directory.trial(other).read_bytes())
    else:
        with open_trial(path) as trial:
            values = trial.flux.values.tobytes()
        content[content.index(values) + 2] ^= 1
        path.write_bytes(content)
    return victim


def test_a_waiting_trial_can_be_taken_out(source: Path, tmp_path: Path) -> None:
    plan = plan_sweep(path_of(source), directory=tmp_path / "s", kernel=StubKernel())
    head, second, *_ = plan.plan.trials
    published: set[str] = set()
    queue = TrialQueue(published)
    queue.add([head, second])
    assert queue.blocked == [second]
    queue.drop({second.id})
    assert queue.blocked == []
    assert queue.next(0, 1) is head
    published.add(head.id)
    queue.on_published(head.id)
    assert queue.next(0, 1) is None


def test_a_waiting_trial_is_pending(source: Path, tmp_path: Path) -> None:
    run(path_of(source), tmp_path / "s", kernel=Faulty(4))
    states = SweepView(tmp_path / "s").states()
    settings = settings_of(tmp_path / "s")
    assert {settings[name]["mu"]: state for name, state in states.items()} == {
        4: "failed", 3: "pending", 2: "pending", 1: "pending",
    }  # fmt: skip
