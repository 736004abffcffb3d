"""The page as HTML: where everything stands, before and after it is filled."""

import functools
from importlib import resources
from typing import Any, final

import jinja2
from bokeh.document import Document
from bokeh.events import ClientReconnected, ConnectionLost
from bokeh.models import CustomJS, Div

from hifred.explore.explorer import Explorer
from hifred.explore.maps_panel import DIFFERENCE_VIEWS, LAYER_VIEWS
from hifred.explore.page_commands import PageCommands
from hifred.explore.verdict_list import verdicts_html
from hifred.plots.shelf import Shelf

FIRST_MAPS = (*LAYER_VIEWS[:-1], "residual")
SECOND_MAPS = (LAYER_VIEWS[-1], *DIFFERENCE_VIEWS[1:])
VERDICTS_CSS = """
ul { list-style: none; margin: 0; padding: 0; }
li { border-left: .35rem solid #555; padding: .2rem .7rem; margin: .25rem 0; }
li { background: #f4f4f4; overflow-wrap: anywhere; }
.good { border-color: #00684a; } .warning { border-color: #8a4b00; }
.fault { border-color: #a3123f; }
h3 { margin: .5rem 0 .2rem; font-size: 15px; } a { color: #00517d; }
"""


@final
class Page:
    """One visit: an explorer, and what stands around it.

    Parameters
    ----------
    shelf : Shelf
    name : str
        Of the sweep.
    query : str
        What the address asks for.
    """

    def __init__(self, shelf: Shelf, name: str, query: str = "") -> None:
        self._name = name
        self._shelf = shelf
        self.explorer = Explorer(shelf, query)
        self.commands = PageCommands(self.explorer)
        self.verdicts = Div(
            name="verdicts",
            text="Reading the trials …",
            sizing_mode="stretch_width",
            stylesheets=[VERDICTS_CSS],
        )

    def open(self, document: Document) -> None:
        """Put the page into a document; what it shows is read once it is on screen."""
        explorer = self.explorer
        for root in self._roots():
            document.add_root(root)
        document.title = f"hifred · {self._name}"
        document.template = template("explorer.html")
        document.template_variables.update(self._places())
        document.js_on_event(ConnectionLost, CustomJS(code="explorer.lose()"))
        document.js_on_event(ClientReconnected, CustomJS(code="explorer.find()"))
        document.on_event("document_ready", lambda _: self.fill())
        explorer.document = document

    def fill(self) -> None:
        """Fill the views, then say what the sweep says."""
        self.explorer.show()
        self.verdicts.text = verdicts_html(self._shelf.verdicts())

    def _roots(self) -> list[Any]:
        explorer = self.explorer
        return [
            self.verdicts,
            *explorer.trial_controls.roots,
            *explorer.map_controls.roots,
            *explorer.spectrum_controls.roots,
            *(view.figure for view in explorer.maps.views.values()),
            explorer.moment.map.figure,
            explorer.spectra.figure,
            explorer.residuals.figure,
            explorer.grid.figure,
            explorer.details,
            explorer.address,
            *self.commands.roots,
        ]

    def _places(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "settings": [f"setting-{name}" for name in self.explorer.choices.names],
            "first_maps": FIRST_MAPS,
            "second_maps": SECOND_MAPS,
            "css": _text("explorer.css"),
            "js": _text("explorer.js"),
        }


@functools.cache
def template(name: str) -> jinja2.Template:
    """Return a template of the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hifred.explore"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _text(name: str) -> str:
    folder = resources.files("hifred.explore") / "templates"
    return (folder / name).read_text(encoding="utf-8")
