"""A real headless Chromium, and how to look into a Bokeh page that it shows."""

import base64
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-device-scale-factor=1",
)  # fmt: skip

# Finds a model by name in any document, and the view that draws it.
_PAGE_SCRIPT = """
window.hifred = {
  model(name) {
    for (const doc of Bokeh.documents) {
      const found = doc.get_model_by_name(name)
      if (found != null) return found
    }
    return null
  },
  view(name) { return Bokeh.index.find_one(this.model(name)) },
  column(name, column) {
    const values = this.model(name).data[column]
    const plain = (v) => (v != null && typeof v === 'object' ? Array.from(v) : v)
    return Array.from(values, plain)
  },
  at(name, x, y) {
    const view = this.view(name)
    view.el.scrollIntoView({block: 'center'})
    const box = view.el.getBoundingClientRect()
    const frame = view.frame
    const sx = frame.x_scale.compute(x), sy = frame.y_scale.compute(y)
    return [box.x + sx, box.y + sy]
  },
}
"""


class Page:
    """One open page.

    Parameters
    ----------
    driver : selenium.webdriver.Chrome
    """

    def __init__(self, driver) -> None:
        self.driver = driver

    def open(self, url: str, *, is_bokeh: bool = True) -> None:
        self.driver.get(url)
        if is_bokeh:
            self.wait_for("return window.Bokeh != null && Bokeh.documents.length > 0")
            self.prepare()
            self.wait_for("return hifred.model('spectrum') != null")
            self.wait_for("return hifred.view('spectrum') != null")
            self.wait_for("return document.body.dataset.state === 'whole'")

    def prepare(self) -> None:
        """Bring in what this class asks pages by."""
        self.run(_PAGE_SCRIPT)

    def address(self, query: str) -> str:
        """Return the address of this page with another query."""
        return self.run("return location.origin + location.pathname") + query

    def run(self, script: str):
        return self.driver.execute_script(script)

    def wait_for(self, script: str, *, timeout: float = 30.0):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if value := self.run(script):
                    return value
            except WebDriverException:
                pass  # not ready: try again
            time.sleep(0.02)
        raise TimeoutError(f"{script}\n{self.console()}")

    def column(self, name: str, column: str) -> list:
        return self.run(f"return hifred.column({name!r}, {column!r})")

    def click(self, name: str, x: float, y: float) -> None:
        sx, sy = self.run(f"return hifred.at({name!r}, {x}, {y})")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self._mouse(kind, sx, sy)

    def wheel(self, name: str, x: float, y: float, turns: int = -240) -> None:
        """Turn the wheel over a place; below 0 is away from oneself: closer."""
        sx, sy = self.run(f"return hifred.at({name!r}, {x}, {y})")
        self._mouse("mouseMoved", sx, sy)
        event = {"type": "mouseWheel", "x": sx, "y": sy, "deltaX": 0, "deltaY": turns}
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def point(self, name: str, x: float, y: float) -> None:
        """Move the mouse to a place."""
        sx, sy = self.run(f"return hifred.at({name!r}, {x}, {y})")
        self._mouse("mouseMoved", sx - 2, sy)
        self._mouse("mouseMoved", sx, sy)

    def drag(self, name: str, start: tuple, end: tuple, hold: float = 0.0) -> None:
        """Drag from a place to another, after a rest of some seconds."""
        sx, sy = self.run(f"return hifred.at({name!r}, {start[0]}, {start[1]})")
        ex, ey = self.run(f"return hifred.at({name!r}, {end[0]}, {end[1]})")
        self._mouse("mouseMoved", sx, sy)
        self._mouse("mousePressed", sx, sy)
        time.sleep(hold)
        for part in (0.3, 0.6, 1.0):
            self._mouse("mouseMoved", sx + part * (ex - sx), sy + part * (ey - sy))
        self._mouse("mouseReleased", ex, ey)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed = kind != "mouseMoved"
        event = {"type": kind, "x": x, "y": y, "clickCount": int(pressed)}
        event["button"] = "left" if pressed else "none"
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def screenshot(self, path: Path) -> None:
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
        box = size["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": box["width"], "height": box["height"]}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {"captureBeyondViewport": True, "clip": {**clip, "scale": 1}},
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path: Path) -> None:
        printed = self.driver.execute_cdp_cmd(
            "Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True}
        )
        path.write_bytes(base64.b64decode(printed["data"]))

    def console(self) -> list[str]:
        """Return the errors and warnings of the console since the last call."""
        return [
            f"{entry['level']}: {entry['message']}"
            for entry in self.driver.get_log("browser")
            if entry["level"] in {"SEVERE", "WARNING"}
        ]

    def requests(self) -> list[str]:
        """Return every address that the page asked for since the last call."""
        messages = [
            json.loads(entry["message"])["message"]
            for entry in self.driver.get_log("performance")
        ]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def open_chromium(
    folder: Path, width: int = 1750, height: int = 1100, *, is_watched: bool = True
) -> Iterator[Page]:
    """Start a Chromium with an empty profile in `folder`; skip aloud without one.

    To watch its console and requests costs it time.
    """
    browser, driver_path = (shutil.which(n) for n in ("chromium", "chromedriver"))
    if not browser or not driver_path:
        pytest.skip("no chromium and chromedriver: run `make test-browser` as root")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (
        *FLAGS,
        f"--window-size={width},{height}",
        f"--user-data-dir={folder}",
    ):
        options.add_argument(flag)
    if is_watched:
        watched = {"browser": "ALL", "performance": "ALL"}
        options.set_capability("goog:loggingPrefs", watched)
    service = webdriver.ChromeService(driver_path)
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(30)
    try:
        yield Page(driver)
    finally:
        driver.quit()
