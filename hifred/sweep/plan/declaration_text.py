"""A declaration made in Python, written as the same TOML."""

from collections.abc import Mapping
from dataclasses import asdict

from hifred.settings.toml import toml_key, toml_value
from hifred.sweep.plan.canonical import canonical_table
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.options import RunOptions


def declaration_text(declaration: Declaration) -> str:
    """Return TOML that reads back as `declaration`."""
    head = {"name": declaration.name, "seed": declaration.seed}
    blocks = [_table("[sweep]", head)]
    for name, model in declaration.models.items():
        blocks.append(
            _table(f"[models.{toml_key(name)}]", canonical_table(model.declared))
        )
    blocks += [_table("[[grid]]", canonical_table(grid)) for grid in declaration.grids]
    for title, table in (
        ("solver", declaration.solver),
        ("metrics", declaration.metrics),
    ):
        if table:
            blocks.append(_table(f"[{title}]", canonical_table(table)))
    if declaration.products.lines is not None:
        blocks.append(_table("[products]", {"lines": declaration.products.lines}))
    changed = _changed_options(declaration.run)
    if changed:
        blocks.append(_table("[run]", changed))
    return "\n".join(blocks)


def _changed_options(options: RunOptions) -> dict[str, object]:
    default = asdict(RunOptions())
    return {k: v for k, v in asdict(options).items() if v != default[k]}


def _table(title: str, table: Mapping[str, object]) -> str:
    lines = [f"{toml_key(key)} = {toml_value(item)}" for key, item in table.items()]
    return "\n".join([title, *lines]) + "\n"
