"""The page as HTML: where everything stands, before and after it is filled."""

import functools
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, final

import jinja2
from bokeh.document import Document
from bokeh.events import ClientReconnected, ConnectionLost
from bokeh.models import CustomJS, Div
from bokeh.resources import Resources
from bokeh.server.views.static_handler import StaticHandler

from hifred.explore.explorer import Explorer
from hifred.explore.maps_panel import SECOND_VIEWS
from hifred.explore.news import News
from hifred.explore.page_commands import PageCommands
from hifred.explore.verdict_list import verdicts_html
from hifred.plots.shelf import Shelf
from hifred.selection.verdicts import Verdict

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
    news : News, optional
        Of a sweep that may still run.
    """

    def __init__(
        self, shelf: Shelf, name: str, query: str = "", news: News | None = None
    ) -> None:
        self._news = news
        self._name = name
        self._shelf = shelf
        self.explorer = Explorer(shelf, query)
        self.commands = PageCommands(self.explorer, self.fill)
        self.verdicts = Div(
            name="verdicts",
            text=verdicts_html(shelf.quick_verdicts()),
            sizing_mode="stretch_width",
            stylesheets=[VERDICTS_CSS],
        )

    def open(self, document: Document) -> None:
        """Put the page into a document; what takes longer follows once it is seen."""
        explorer = self.explorer
        explorer.corrected.work.follow(document)
        explorer.show_first()
        with document.models.freeze():  # looks through all models once, not 44 times
            for root in self._roots():
                document.add_root(root)
        document.title = f"hifred · {self._name}"
        document.template = template("explorer.html")
        document.template_variables.update(self._places())
        document.js_on_event(ConnectionLost, CustomJS(code="explorer.lose()"))
        document.js_on_event(ClientReconnected, CustomJS(code="explorer.find()"))
        if self._news is not None:
            self._news.follow(document)

    def fill(self) -> None:
        """Show the rest, then say what the residuals of the choices say."""
        self.explorer.show_rest()
        self.verdicts.text = verdicts_html(self._all_verdicts())
        self.verdicts.tags = ["whole"]

    def _all_verdicts(self) -> Iterator[Verdict]:
        for verdict in self._shelf.verdicts():
            yield verdict
            if verdict.kind == "recommended":
                yield from self._shelf.draw_verdicts(verdict.trial)

    def _roots(self) -> list[Any]:
        explorer, maps = self.explorer, self.explorer.maps
        return [
            self.verdicts,
            *explorer.trial_controls.roots,
            *explorer.map_controls.roots,
            *explorer.spectrum_controls.roots,
            *(maps.views[name].figure for name in maps.first_views),
            explorer.spectra.figure,
            *(late.place for late in explorer.late.values()),
            explorer.details,
            explorer.address,
            *self.commands.roots,
            *(self._news.roots if self._news else []),
        ]

    @property
    def _layers_of_input(self) -> list[str]:
        """Maps that an input fills; the truth where there is one."""
        has_truth = self._shelf.truth(self.explorer.model) is not None
        return [*(["truth"] if has_truth else []), *self.explorer.instruments]

    def _places(self) -> dict[str, Any]:
        explorer, maps = self.explorer, self.explorer.maps
        return {
            "name": self._name,
            "has_news": self._news is not None,
            "is_input": self._shelf.is_input,
            "settings": [f"setting-{name}" for name in explorer.choices.names],
            "first_maps": {n: maps.views[n].title for n in maps.first_views},
            "layers_of_input": self._layers_of_input,
            "second_maps": SECOND_VIEWS,
            "scripts": _scripts(),
            "pictures": {n: maps.views[n].picture for n in maps.first_views},
            "verdicts": self.verdicts.text,
            "verdicts_css": VERDICTS_CSS,
            "css": _text("explorer.css"),
            "js": _text("quicker.js") + _text("explorer.js"),
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


@functools.cache
def _scripts() -> list[str]:
    """Return the addresses of what the page needs of BokehJS: a third of the whole."""
    resources = Resources(
        mode="server",
        root_url="/",
        components=["bokeh", "bokeh-widgets"],
        path_versioner=StaticHandler.append_version,
    )
    return list(resources.js_files)


def _text(name: str) -> str:
    folder = files("hifred.explore") / "templates"
    return (folder / name).read_text(encoding="utf-8")
