"""What others of a group leave in a shared sweep, and what they may see of one."""

import contextlib
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from hifred.cli import hifred, main
from hifred.errors import HifredError
from hifred.report import page
from hifred.store.durable import touch_here
from hifred.store.export import export_results
from hifred.store.generations import current_generation
from hifred.store.results import open_results
from hifred.store.whole_store import removed_mark
from hifred.sweep.driver.run import run_sweep
from hifred.sweep.executors.slurm import tls
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.collecting import collect
from hifred.sweep.watch.commands import cancel
from hifred.sweep.watch.snapshot import snapshot
from hifred.sweep.watch.upkeep import clean
from tests.sweep.stub_kernels import StubKernel

STRANGER = 54321
COMMANDS = ["status", "list", "best", "collect", "verify", "clean", "cancel", "retry"]


def run(target: Declaration | Path, sweep: Path):
    return run_sweep(target, directory=sweep, executor="inline", kernel=StubKernel())


@pytest.fixture
def sweep(declaration: Declaration, tmp_path: Path) -> Path:
    run(declaration, tmp_path / "s")
    collect(tmp_path / "s")
    return tmp_path / "s"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("mine")
    return path


def test_pages_and_tables_do_not_write_through_a_link(
    sweep: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "open_shelf", lambda root: None)
    monkeypatch.setattr(page, "_name", lambda shelf, root: "s")
    monkeypatch.setattr(page, "render_page", lambda *_, **__: "a page")
    for name in ("report.html", "results.csv"):
        (sweep / name).symlink_to(victim)
    assert page.write_report(sweep).read_text() == "a page"
    export_results(open_results(sweep), "csv")
    assert victim.read_text() == "mine"


def test_what_is_written_elsewhere_may_be_a_link(sweep: Path, tmp_path: Path) -> None:
    (tmp_path / "there.csv").touch()
    (tmp_path / "here.csv").symlink_to(tmp_path / "there.csv")
    export_results(open_results(sweep), "csv", tmp_path / "here.csv")
    assert (tmp_path / "there.csv").stat().st_size > 0


def test_cleaning_does_not_write_through_a_link(
    declaration: Declaration, sweep: Path, victim: Path
) -> None:
    old = current_generation(sweep / "results")
    cancel(sweep)
    SweepDirectory(sweep).trial(sorted(SweepDirectory(sweep).published())[0]).unlink()
    collect(sweep)
    removed_mark(old).symlink_to(victim)
    chunk = next(p for p in old.rglob("0") if p.is_file())
    chunk.with_name(f".{chunk.name}.removed").symlink_to(victim)
    # Whoever marks a generation as removed keeps it: nothing else is lost.
    clean(sweep)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("name", ["driver.lock.guard", "trials", "events/x.jsonl"])
def test_a_link_in_the_place_of_ours_is_told_or_passed_over(
    declaration: Declaration, tmp_path: Path, victim: Path, name: str
) -> None:
    sweep = tmp_path / "s"
    SweepDirectory(sweep).create()
    path = sweep / name
    if path.is_dir():
        path.rmdir()
    path.symlink_to(victim)
    with contextlib.suppress(HifredError):
        assert run(declaration, sweep).exit_code in (0, 3)
    assert victim.read_text() == "mine"


def test_a_stop_does_not_go_through_a_link(sweep: Path, tmp_path: Path) -> None:
    directory = SweepDirectory(sweep)
    marker = directory.stop_marker("abc")
    marker.symlink_to(tmp_path / "new")
    with pytest.raises(OSError, match="symbolic links"):
        touch_here(marker)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name", ["sweep.toml", "plan.jsonl", "driver.lock", "lines.toml", "results/CURRENT"]
)
def test_a_pipe_in_the_place_of_a_file_is_told(sweep: Path, name: str) -> None:
    (sweep / name).unlink(missing_ok=True)
    os.mkfifo(sweep / name)
    for command in (snapshot, collect, clean, cancel, run_sweep):
        with pytest.raises(HifredError, match="is a folder, a pipe or a device"):
            command(sweep)


def test_a_pipe_among_the_results_is_told(sweep: Path) -> None:
    generation = current_generation(sweep / "results")
    for path, message in (
        (generation.with_suffix(".checksums.json"), None),
        (sweep / "results/CURRENT", "must name a generation beside it"),
    ):
        path.unlink()
        os.mkfifo(path)
        if message is None:
            assert collect(sweep).is_new  # nothing vouches for what is there
        else:
            with pytest.raises(HifredError, match=message):
                open_results(sweep)


def test_a_folder_of_keys_that_all_may_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(HifredError, match="must not be writable for all"):
        tls.write_certificates(folder / "tls-1")
    folder.chmod(0o1777)  # nobody moves what is another's, as in /tmp
    tls.write_certificates(folder / "tls-1")


def test_keys_go_into_no_folder_that_was_there(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "tls-1").mkdir()
    with pytest.raises(FileExistsError):
        tls.write_certificates(tmp_path / "tls-1")
    folder = tmp_path / "tls-2"
    folder.symlink_to(tmp_path)
    with pytest.raises(FileExistsError):
        tls.write_certificates(folder)
    assert not (tmp_path / "key.pem").exists()


@pytest.fixture
def shared(sweep: Path) -> Iterator[Path]:
    """A copy of the sweep where another user comes to."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("to be another user takes root")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield shutil.copytree(sweep, Path(folder) / "s", copy_function=shutil.copy2)


def as_stranger(*words: str) -> tuple[int, str]:
    """Run a command as another user; return its exit code and what it says."""
    # What it needs is loaded here: a stranger may not be able to read it.
    CliRunner().invoke(hifred, [words[0], "--help"])
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        pid = os.fork()
        if pid == 0:
            code = 99
            with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
                try:
                    os.setgroups([])
                    os.setresgid(STRANGER, STRANGER, STRANGER)
                    os.setresuid(STRANGER, STRANGER, STRANGER)
                    sys.argv = ["hifred", *words]
                    main()
                    code = 0
                except SystemExit as end:
                    code = end.code if isinstance(end.code, int) else 0
                except BaseException:
                    traceback.print_exc()
            told.flush()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        told.seek(0)
        return os.waitstatus_to_exitcode(status), told.read()


def fingerprint(sweep: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p): (p.stat().st_mtime_ns, p.stat().st_size)
        for p in sweep.rglob("*") if p.is_file()
    }  # fmt: skip


@pytest.mark.slow
def test_what_is_only_to_be_read_can_be_read_by_another(shared: Path) -> None:
    before = fingerprint(shared)
    for command in COMMANDS:
        code, told = as_stranger(command, str(shared))
        assert "Traceback" not in told, told
        assert code in (0, 1, 2, 3)
        if command in ("status", "list", "best"):
            assert code == 0, told
    code, told = as_stranger("run", str(shared))
    assert (code, "Traceback" in told) == (2, False), told
    assert fingerprint(shared) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["sweep.toml", "plan.jsonl", "driver.lock.guard", "events", "trials", "results",
     "inputs", "results/CURRENT", "results/gen-000001.zarr/zarr.json", "logs of events",
     "one trial"],
)  # fmt: skip
def test_what_another_may_not_read_is_told(shared: Path, name: str) -> None:
    directory = SweepDirectory(shared)
    paths = {
        "logs of events": list(directory.events.glob("*.jsonl")),
        "one trial": [directory.trial(sorted(directory.published())[0])],
    }.get(name, [shared / name])
    for path in paths:
        path.chmod(0o700 if path.is_dir() else 0o600)
    for command in COMMANDS:
        code, told = as_stranger(command, str(shared))
        assert "Traceback" not in told, told
        assert code in (0, 1, 2, 3), told
