"""What the page asks for beside its widgets: files, lists, steps of the keyboard."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import final

from bokeh.models import Div, FileInput, TextInput

from hifred.errors import HifredError
from hifred.explore.drawn_shape import read_shapes, region_file
from hifred.explore.explorer import Explorer
from hifred.explore.exports import shown_fits, spectra_csv
from hifred.explore.place import have_shared_names, shape_of, shapes_text
from hifred.explore.trial_list import LIST_CSS, trials_html

# Letters of an address: servers refuse those of some 60,000.
LONGEST_ADDRESS = 30_000
STEPS = {"left": (-1, 0), "right": (1, 0), "down": (0, -1), "up": (0, 1)}


@final
class PageCommands:
    """Answers commands of the page: words in a text field that nobody sees.

    Parameters
    ----------
    explorer : Explorer
    fill : callable
        Fills what the page did not show at once.
    """

    def __init__(self, explorer: Explorer, fill: Callable[[], None]) -> None:
        self._explorer = explorer
        self.command = TextInput(name="command", visible=False)
        self.delivery = TextInput(name="delivery", visible=False)
        self.message = Div(name="message", sizing_mode="stretch_width")
        self.trials = Div(
            name="trials", stylesheets=[LIST_CSS], sizing_mode="stretch_width"
        )
        self.region_file = FileInput(
            name="region-file", title="open a DS9 region file (.reg)", accept=".reg"
        )
        self._answers: dict[str, Callable[[], None]] = {
            "csv": lambda: self._deliver("spectra.csv", spectra_csv(explorer)),
            "fits": lambda: self._deliver("shown.fits", shown_fits(explorer)),
            "reg": self._deliver_region,
            "trials": self._list_trials,
            "rest": fill,
        }
        self.command.on_change("value", self._answer)
        self.region_file.on_change("value", self._read_region)

    @property
    def roots(self) -> list[object]:
        """All models."""
        return [
            self.command, self.delivery, self.message, self.trials, self.region_file,
        ]  # fmt: skip

    def _answer(self, _: str, __: str, command: str) -> None:
        """Do what was asked; a number behind the word tells two askings apart."""
        word = command.split(" ")[0]
        if word in STEPS:
            self._explorer.move_region(*STEPS[word])
        elif word in self._answers:
            self._answers[word]()

    def _deliver(self, name: str, content: bytes) -> None:
        """Hand the page a file to save."""
        encoded = base64.b64encode(content).decode()
        n_before = json.loads(self.delivery.value or "{}").get("number", 0)
        self.delivery.value = json.dumps(
            {"name": name, "content": encoded, "number": n_before + 1}
        )

    def _deliver_region(self) -> None:
        sky = self._explorer.sky
        shape = shape_of(self._explorer.place, sky.layer)
        try:
            text = region_file("region", shape, sky.layer, sky.field)
        except HifredError as error:
            self.message.text = f"<b>Not saved.</b> {escape(str(error))}"
            return
        where = "" if sky.is_known else " without a WCS: at right ascension 0"
        self.message.text = f"Saved region.reg{where}."
        self._deliver("region.reg", text.encode())

    def _read_region(self, _: str, __: str, content: str) -> None:
        sky = self._explorer.sky
        try:
            text = base64.b64decode(content).decode("utf-8", "replace")
            shapes = read_shapes(text, sky.layer, sky.field)
        except HifredError as error:
            self.message.text = f"<b>Not read.</b> {escape(str(error))}"
            return
        region, among = shapes[0][1].text, shapes_text(shapes)
        view = replace(self._explorer.view, region=region, among=among)
        is_short = len(view.query) <= LONGEST_ADDRESS
        is_kept = is_short and len(shapes) > 1
        self._explorer.change(region=region, among=among if is_kept else "")
        self.message.text = _words(len(shapes), among, is_short=is_short)

    def _list_trials(self) -> None:
        self.trials.text = trials_html(self._explorer.shelf.table)


def _words(n_shapes: int, among: str, *, is_short: bool) -> str:
    """Return what was read, for the page."""
    if n_shapes == 1:
        return "The region was read."
    if not is_short:
        return (
            f"<b>The first of {n_shapes} shapes was read</b>, and is corrected alone: "
            "all of them are too long for an address of this page."
        )
    shared = (
        " Shapes of one name are, too: <code>hifred spectra</code> takes them "
        "together, and has other numbers."
    )
    return (
        f"{n_shapes} shapes were read, each a region of its own: choose among "
        f"them above the spectra.{shared if have_shared_names(among) else ''}"
    )
