"""Settings as they are declared: what each must be, its default, its meaning.

``{settings} hifred.sweep.plan.options.RunOptions`` lists the fields of one class, and
``{regularizers}`` the settings of every regulariser that is registered.
"""

import importlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hifred.fusion.settings import REGULARIZERS, FusionSettings
from hifred.settings.fields import fields_of, full_type
from hifred.settings.requirement import requirement
from hifred.settings.toml import toml_value


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    plain = isinstance(value, bool | int | float | str | tuple) and value != ()
    return f"default `{toml_value(value)}`" if plain else "may be left out"


def _entry(name: str, field: FieldInfo) -> str:
    told = " ".join((field.description or "").split())
    words = f"*{requirement(full_type(field))}*; {_default(field)}"
    return f"`{name}`\n: {told}\n\n  {words}\n"


def settings_text(fields: Mapping[str, FieldInfo]) -> str:
    """Return a definition list in MyST of fields by name."""
    return "\n".join(_entry(name, field) for name, field in fields.items())


class Settings(SphinxDirective):
    """The fields of one class of settings."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        return _parsed(self, settings_text(fields_of(kind)))


class Regularizers(SphinxDirective):
    """Label, penalty and own settings of every regulariser."""

    def run(self) -> list[nodes.Node]:
        return _parsed(self, "\n".join(map(_regularizer, REGULARIZERS.values())))


def _regularizer(kind: type[FusionSettings]) -> str:
    own = {n: f for n, f in fields_of(kind).items() if n not in _shared()}
    head = f"**`{kind.name()}`**: {kind.label}"
    formula = f"$$\\varphi(Z) = {kind.formula}$$" if kind.formula else ""
    return "\n\n".join([head, textwrap.dedent(formula), settings_text(own)])


def _shared() -> set[str]:
    return set(fields_of(FusionSettings))


def _parsed(directive: SphinxDirective, text: str) -> list[nodes.Node]:
    directive.env.note_dependency(__file__)
    lines: Iterator[str] = iter(text.splitlines())
    content = StringList(list(lines), source=__file__)
    holder = nodes.section()
    directive.state.nested_parse(content, directive.content_offset, holder)
    return holder.children


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known to Sphinx."""
    app.add_directive("settings", Settings)
    app.add_directive("regularizers", Regularizers)
    return {"parallel_read_safe": True}
