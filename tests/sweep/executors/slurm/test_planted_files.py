"""What another user of the group can plant in a sweep directory, and what is left."""

from pathlib import Path

import pytest

from hifred.sweep.executors.slurm import tls
from hifred.sweep.executors.slurm.driver_record import (
    DriverJob,
    read_driver_job,
    write_driver_job,
)
from hifred.sweep.executors.slurm.journal import Journal, read_journals
from hifred.sweep.executors.slurm.run_files import RunFiles
from hifred.sweep.plan.declaration import declare
from hifred.sweep.plan.planning import make_plan
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.upkeep import clean
from tests.sweep.stub_kernels import StubKernel


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("mine")
    (tmp_path / "cluster").mkdir()
    return path


@pytest.mark.parametrize("name", ["run.json", "run.part"])
def test_a_journal_does_not_write_through_a_link(victim: Path, name: str) -> None:
    path = victim.parent / "cluster/run.json"
    path.with_name(name).symlink_to(victim)
    Journal(path, "hifred-a").write()
    assert victim.read_text() == "mine"
    assert read_journals(victim.parent)[-1].job_name == "hifred-a"


def test_the_record_of_a_driver_does_not_write_through_a_link(victim: Path) -> None:
    (victim.parent / "cluster/driver").symlink_to(victim)
    job = DriverJob("7", "hifred-a-driver")
    write_driver_job(victim.parent, job)
    assert victim.read_text() == "mine"
    assert read_driver_job(victim.parent) == job


@pytest.mark.parametrize("text", ["[]", '{"updated": 1}', '{"jobs": 3', "\xff"])
def test_a_journal_that_tells_nonsense_is_left_out(victim: Path, text: str) -> None:
    (victim.parent / "cluster/a.json").write_text(text)
    (victim.parent / "cluster/driver").write_text(text)
    assert read_journals(victim.parent) == []
    assert read_driver_job(victim.parent) is None


def test_keys_of_a_killed_driver_go_with_the_next_one(tmp_path: Path) -> None:
    beside, secrets = tmp_path / "cluster", tmp_path / "secrets"
    Journal(beside / "old.json", "hifred-a").write()
    for folder in (secrets / "tls-old", beside / "tls-older", secrets / "tls-other"):
        folder.mkdir(parents=True)
        (folder / "key.pem").write_text("secret")
    tls.remove_stale_certificates(
        RunFiles("hifred-b", beside / "new.json", tmp_path / "log", secrets / "tls-new")
    )
    kept = [path.parent.name for path in tmp_path.rglob("key.pem")]
    assert kept == ["tls-other"]  # of another sweep, for all that is known


def test_clean_takes_the_keys_of_a_killed_driver(source: Path, tmp_path: Path) -> None:
    directory = SweepDirectory(tmp_path / "s")
    make_plan(directory, declare("s", {"a": source}, {"mu": 1}), StubKernel())
    keys = directory.cluster / "tls-abc"
    keys.mkdir(parents=True)
    (keys / "key.pem").write_text("secret")
    assert clean(directory.root, dry_run=True) == ["cluster/tls-abc"]
    clean(directory.root)
    assert not keys.exists()
