"""A declaration made in Python, written as the same TOML."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hifred.sweep.canonical import canonical
from hifred.sweep.declaration import Declaration
from hifred.sweep.options import RunOptions


def declaration_text(declaration: Declaration) -> str:
    """Return TOML that reads back as `declaration`."""
    head = {"name": declaration.name, "seed": declaration.seed}
    blocks = [_table("[sweep]", head)]
    for name, model in declaration.models.items():
        blocks.append(_table(f"[models.{_key(name)}]", model))
    blocks += [_table("[[grid]]", grid) for grid in declaration.grids]
    for title, table in (
        ("solver", declaration.solver),
        ("metrics", declaration.metrics),
    ):
        if table:
            blocks.append(_table(f"[{title}]", table))
    changed = _changed_options(declaration.run)
    if changed:
        blocks.append(_table("[run]", changed))
    return "\n".join(blocks)


def _changed_options(options: RunOptions) -> dict[str, Any]:
    default = asdict(RunOptions())
    return {k: v for k, v in asdict(options).items() if v != default[k]}


def _table(title: str, table: Mapping[str, Any]) -> str:
    lines = [f"{_key(key)} = {_value(canonical(item))}" for key, item in table.items()]
    return "\n".join([title, *lines]) + "\n"


def _key(name: str) -> str:
    bare = name.replace("-", "").replace("_", "")
    return name if bare.isalnum() and bare.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        items = (f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None)
        return "{ " + ", ".join(items) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value)
