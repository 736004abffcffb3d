"""Who may talk to a running sweep, and where it listens."""

import subprocess

import pytest
from distributed import Client
from distributed.security import Security

from tests.cluster.bench import Bench
from tests.cluster.test_drills import assert_all_done, grid

pytestmark = pytest.mark.xdist_group("drills")

LOOPBACK = {"127.0.0.1", "[::1]", "::1"}


def listening() -> dict[int, set[str]]:
    """Return the addresses that each process listens on, by its id, as ss tells."""
    printed = subprocess.run(
        ["ss", "-Hltnp"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[int, set[str]] = {}
    for line in printed.splitlines():
        address = line.split()[3].rpartition(":")[0]
        for part in line.split("pid=")[1:]:
            found.setdefault(int(part.split(",")[0]), set()).add(address)
    return found


def processes_of(bench: Bench) -> set[int]:
    """Return the driver and all that its jobs started."""
    assert bench.driver is not None
    return {process.pid for process in bench.processes()} | {bench.driver.pid}


def scheduler_address(bench: Bench) -> str:
    for process in bench.processes():
        found = [word for word in process.cmdline() if word.startswith("tls://")]
        if found:
            return str(found[0])
    raise AssertionError("no worker has the scheduler's address")


def test_only_the_sweeps_own_certificate_opens_the_door(bench: Bench) -> None:
    bench.configure(jobs="2")
    bench.plan(grid(24))
    bench.start_driver()
    bench.wait_for_done(2)

    found = {pid: a for pid, a in listening().items() if pid in processes_of(bench)}
    assert len(found) >= 3, "the driver and two workers listen"
    assert set().union(*found.values()) <= LOOPBACK  # the chosen interface is lo

    address = scheduler_address(bench)
    stranger = Security.temporary()
    with pytest.raises(OSError, match=r"Timed out|handshake|certificate|refused"):
        Client(address, security=stranger, timeout="3s")
    plain = address.replace("tls://", "tcp://")
    with pytest.raises(OSError, match=r"Timed out|closed|refused"):
        Client(plain, timeout="3s")

    keys = next((bench.sweep / "cluster").glob("tls-*"))
    assert keys.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys.iterdir())
    assert_all_done(bench, 24)
    assert not keys.exists(), "the keys outlive the run"
