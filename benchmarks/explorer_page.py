"""Measure the CPU of the explorer's page: Chromium and the server together.

Run with ``python -m benchmarks.explorer_page`` from the project's root. It tells CPU
seconds, not wall time, so that what else runs on the machine counts little.
"""

import bisect
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import xarray as xr

from benchmarks.explorer import make_store, make_table
from hifred.explore.server import start_server
from tests.chromium import Page, open_chromium
from tests.shelves import shelf_of

PLACES = ((40, 30), (-60, 50), (20, -90), (-80, -80), (5, 60))
BANDS = ("0.6-0.7", "0.8-0.9", "0.55-1.2", "0.9-0.95", "0.7-1")


class Meter:
    """CPU seconds of a server, and of a browser without what drives it.

    Parameters
    ----------
    server, driver : int
        Ids of the server's process and of the one that started the browser.
    """

    def __init__(self, server: int, driver: int) -> None:
        self._server, self._driver = psutil.Process(server), psutil.Process(driver)

    def seconds(self) -> float:
        found = [self._server, *self._driver.children(recursive=True)]
        return sum(map(_seconds_of, found))

    def settled(self) -> float:
        """Return the seconds once next to nothing is added any more."""
        before = self.seconds()
        while True:
            time.sleep(0.5)
            now = self.seconds()
            if now - before < 0.02:
                return now
            before = now

    def cost(self, action: Callable[[], object]) -> float:
        """Return the seconds that an action takes until all is quiet."""
        before = self.settled()
        action()
        return self.settled() - before


def _seconds_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0  # it has ended
    return float(times.user + times.system)


@contextmanager
def sampled(meter: Meter) -> Iterator[list[tuple[float, float]]]:
    """Give a list that fills with the time and the CPU seconds by then."""
    samples: list[tuple[float, float]] = []
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            samples.append((time.time(), meter.seconds()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        done.set()
        thread.join()


def opening(page: Page, meter: Meter, url: str) -> tuple[float, float]:
    """Return the CPU seconds until a first page is painted, and until all is there."""
    page.driver.get("about:blank")
    before = meter.settled()
    with sampled(meter) as samples:
        page.run(f"setTimeout(() => {{ location.href = {url!r} }})")
        page.wait_for("return document.body.dataset.state === 'whole'")
        whole = meter.settled()
    painted = page.run(
        "return performance.timeOrigin + "
        "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    i_sample = bisect.bisect(samples, (painted / 1000, 0.0))
    return samples[i_sample][1] - before, whole - before


def changes(page: Page, meter: Meter) -> dict[str, float]:
    """Return the CPU seconds of a change of pixel, band and trial, medians of five."""
    page.prepare()
    page.run("window.scrollTo(0, 0)")

    def pixel(place: tuple[float, float]) -> float:
        page.point("fusion", *place)
        return meter.cost(lambda: page.click("fusion", *place))

    def band(text: str) -> float:
        choose = f"hifred.model('typed-band').value = {text!r}"
        return meter.cost(lambda: page.run(choose))

    def trial(number: int) -> float:
        choose = (
            "const view = new URLSearchParams(location.search);"
            f"view.set('trial', '{number:012x}'); explorer.go('?' + view)"
        )
        return meter.cost(lambda: page.run(choose))

    return {
        "pixel": statistics.median(map(pixel, PLACES)),
        "band": statistics.median(map(band, BANDS)),
        "trial": statistics.median(map(trial, (3, 50, 77, 120, 160))),
    }


def serve(folder: Path, table: xr.Dataset, told: "multiprocessing.SimpleQueue") -> None:
    """Serve a store, and tell the address."""
    server, url = start_server(shelf_of(folder, table))
    told.put(url)
    server.start()
    server.io_loop.start()


@contextmanager
def served(folder: Path, table: xr.Dataset) -> Iterator[tuple[str, int]]:
    """Serve a store from a process of its own; give its address and its id."""
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    process = context.Process(target=serve, args=(folder, table, told))
    process.start()
    try:
        yield told.get(), process.pid or 0
    finally:
        process.terminate()
        process.join()


def measure(folder: Path, table: xr.Dataset) -> dict[str, float]:
    """Return CPU seconds, and the resident memory of the server in MiB."""
    profile = folder / "profile"
    with (
        served(folder, table) as (url, server),
        open_chromium(profile, is_watched=False) as page,
    ):
        meter = Meter(server, page.driver.service.process.pid)
        first, _ = opening(page, meter, url)
        again, whole = opening(page, meter, url)
        memory = psutil.Process(server).memory_info().rss / 2**20
        return {
            "first_page": first,
            "first_page_again": again,
            "whole_page": whole,
            **changes(page, meter),
            "memory_mib": memory,
        }


def main() -> None:
    """Print what was measured as JSON."""
    table = make_table(200)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_store(folder, table, 45, 2400)
        print(json.dumps(measure(folder, table), indent=2))


if __name__ == "__main__":
    main()
