import threading

import pytest

from hifred.explore.server import start_server
from hifred.observations import FusionInput
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.plots.shelf import Shelf
from tests.chromium import open_chromium
from tests.made_up import make_collected
from tests.shelves import fill

IGNORED = "Automatic fallback to software WebGL"


@pytest.fixture(scope="package")
def shelf(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("sweep"), make_collected())


@pytest.fixture(scope="package")
def placed_shelf(shelf):
    """Return the shelf with a WCS, and where it puts the sky's pixels."""
    place = tangent_grid(
        83.63, -22.01, pixel_size_arcsec=10.0, shape=(12, 9), roll_deg=20.0
    )
    found = shelf.input("demo")
    placed = FusionInput(
        found.observations, found.truth, {"sky_wcs": place.header_text}
    )
    copy = Shelf(shelf.table, open_trial=shelf._open_trial, open_input=lambda _: placed)
    copy.place = place
    return copy


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


@pytest.fixture
def silent(page):
    """Let a test fail if its page wrote an error into the console."""
    yield
    assert not [line for line in page.console() if IGNORED not in line]
