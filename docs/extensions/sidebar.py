"""The sidebar opens the branch of the page alone.

With every public name on each page, the sidebars were most of what the theme writes and
of what the links are followed through.
"""

from typing import Any

from sphinx.application import Sphinx

BEFORE_THE_THEME = 400  # the theme listens at Sphinx's usual 500


def _close_other_branches(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    tree = context.get("toctree")
    if tree:
        context["toctree"] = lambda **options: tree(**options | {"collapse": True})


def setup(app: Sphinx) -> dict[str, Any]:
    """Hand the theme a tree that is collapsed."""
    app.connect("html-page-context", _close_other_branches, priority=BEFORE_THE_THEME)
    return {"parallel_read_safe": True}
