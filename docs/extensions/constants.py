"""Constants at the door of a part: told by the text under their definition."""

import sys
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer


def _told(part: str, name: str) -> list[str]:
    for module in [m for m in sys.modules if m.startswith(f"{part}.")]:
        try:
            texts = ModuleAnalyzer.for_module(module).find_attr_docs()
        except PycodeError:
            continue
        if ("", name) in texts:
            return texts["", name]
    return []


def _replace(
    _app: Sphinx, what: str, full_name: str, _obj: Any, _options: Any, lines: list[str]
) -> None:
    if what == "data":
        part, _, name = full_name.rpartition(".")
        lines[:] = _told(part, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace what autodoc says of a constant, which is the text of its type."""
    app.connect("autodoc-process-docstring", _replace, priority=100)
    return {"parallel_read_safe": True}
