"""``{top-names}``: what `hifred` itself has, with links to where it is described."""

import importlib
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import hifred


def _home(name: str) -> str:
    """Return the public name under which the part describes what `hifred` lends."""
    value = getattr(hifred, name)
    parts = value.__module__.split(".")
    for depth in range(len(parts), 1, -1):
        package = ".".join(parts[:depth])
        door = importlib.import_module(package)
        if name in getattr(door, "__all__", ()):
            return f"{package}.{name}"
    return f"{value.__module__}.{name}"


class TopNames(SphinxDirective):
    """A list of links."""

    def run(self) -> list[nodes.Node]:
        names = [n for n in hifred.__all__ if hasattr(getattr(hifred, n), "__module__")]
        text = [f"- {{py:obj}}`hifred.{n} <{_home(n)}>`" for n in sorted(names)]
        holder = nodes.section()
        self.state.nested_parse(StringList(text), self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known to Sphinx."""
    app.add_directive("top-names", TopNames)
    return {"parallel_read_safe": True}
