import threading

import pytest

from hifred.explore.server import start_server
from tests.chromium import open_chromium
from tests.made_up import make_collected
from tests.shelves import fill


@pytest.fixture(scope="package")
def shelf(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("sweep"), make_collected())


@pytest.fixture(scope="package")
def real_shelf(tmp_path_factory):
    table = make_collected(with_truth=False)
    return fill(tmp_path_factory.mktemp("real"), table, with_truth=False)


@pytest.fixture(scope="package")
def serve():
    """Return a function that serves a shelf from a thread, and its address."""
    stops = []

    def start(shelf):
        ready, found = threading.Event(), {}

        def run() -> None:
            server, found["url"] = start_server(shelf, name="s")
            found["loop"], found["server"] = server.io_loop, server
            server.start()
            ready.set()
            server.io_loop.start()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert ready.wait(60)
        stops.append((found["loop"], thread))
        return found["url"]

    yield start
    for loop, thread in stops:
        loop.add_callback(loop.stop)
        thread.join(10)


@pytest.fixture(scope="package")
def chromium(tmp_path_factory):
    with open_chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page
