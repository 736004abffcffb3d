"""What the user declares: models, grids and the settings they share."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from hifred.errors import HifredError, SettingsError, unknown_name
from hifred.sweep.options import RunOptions, read_options

TABLES = ("sweep", "models", "grid", "solver", "metrics", "run")
SWEEP_KEYS = ("name", "seed", "description")
MODEL_KEYS = ("input", "simulate")


@final
@dataclass(frozen=True)
class Declaration:
    """A sweep as it was declared, checked for shape but not yet expanded.

    Parameters
    ----------
    name : str
        Name of the sweep, and of its directory unless another is given.
    models : mapping
        Model name to ``{"input": path}`` or ``{"simulate": settings}``.
    grids : sequence of mappings
        One product each; their union is the sweep.
    solver, metrics : mappings
        Settings shared by all grids.
    seed : int
        Seed of everything random.
    run : RunOptions
        What does not change results: limits, checkpoints, retries.
    folder : path
        Where relative paths of inputs start.
    text : str or None
        The TOML that was read, to be kept in the sweep directory.
    """

    name: str
    models: Mapping[str, Mapping[str, Any]]
    grids: Sequence[Mapping[str, Any]]
    solver: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    run: RunOptions = field(default_factory=RunOptions)
    folder: Path = field(default_factory=Path.cwd)
    text: str | None = None


def declare(
    name: str,
    models: Mapping[str, Any],
    grids: Sequence[Mapping[str, Any]] | Mapping[str, Any],
    **tables: Any,
) -> Declaration:
    """Declare a sweep in Python; it expands exactly as the same TOML does.

    Parameters
    ----------
    name : str
        Name of the sweep.
    models : mapping
        Model name to a path, ``{"input": path}`` or ``{"simulate": settings}``.
    grids : mapping or sequence of mappings
        Settings with one value, a list, or a range each.
    **tables
        ``solver``, ``metrics``, ``run`` (mappings), ``seed`` (int) and ``folder``.

    Raises
    ------
    SettingsError
        If a table or key is unknown, or there is nothing to do.
    """
    folder = Path(tables.pop("folder", Path.cwd()))
    head = {"name": name, "seed": tables.pop("seed", 0)}
    sources = {key: _as_model(value) for key, value in models.items()}
    listed = [grids] if isinstance(grids, Mapping) else grids
    content = {"sweep": head, "models": sources, "grid": listed, **tables}
    return _checked(content, folder, None)


def _as_model(value: Any) -> Any:
    return {"input": str(value)} if isinstance(value, str | Path) else value


def read_declaration(path: str | Path) -> Declaration:
    """Read a ``sweep.toml``.

    Raises
    ------
    HifredError
        If the file cannot be read or is not TOML.
    SettingsError
        If a table or key is unknown, or there is nothing to do.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise HifredError(
            f"sweep file must be readable; {path}: {error}. "
            "`hifred init DIR` writes one to start from."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise HifredError(f"{path} must be TOML; {error}.") from error
    return _checked(content, path.parent.resolve(), text)


def _checked(content: Mapping[str, Any], folder: Path, text: str | None) -> Declaration:
    for table in content:
        if table not in TABLES:
            raise unknown_name("table", str(table), TABLES)
    head = _table(content, "sweep")
    _check_keys("[sweep]", head, SWEEP_KEYS)
    models = _table(content, "models")
    grids = content.get("grid", [])
    _check_models(models)
    _check_grids(grids)
    return Declaration(
        name=_checked_name(head.get("name", "sweep")),
        models=models,
        grids=grids,
        solver=_table(content, "solver"),
        metrics=_table(content, "metrics"),
        seed=_checked_seed(head.get("seed", 0)),
        run=read_options(_table(content, "run")),
        folder=folder,
        text=text,
    )


def _table(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, Mapping):
        raise SettingsError(f"[{name}] must be a table; got {table!r}.")
    return table


def _check_keys(place: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise unknown_name(f"key in {place}", str(key), known)


def _checked_name(name: Any) -> str:
    text = str(name)
    if not text or not all(c.isalnum() or c in "-_." for c in text) or text[0] == ".":
        raise SettingsError(
            f"name must be letters, digits, '-', '_' and '.'; got {text!r}."
        )
    return text


def _checked_seed(seed: Any) -> int:
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise SettingsError(f"seed must be a whole number >= 0; got {seed!r}.")
    return seed


def _check_models(models: Mapping[str, Any]) -> None:
    if not models:
        raise SettingsError("a sweep must have at least one [models.NAME]; got none.")
    for name, model in models.items():
        _checked_name(name)
        if not isinstance(model, Mapping):
            raise SettingsError(f"[models.{name}] must be a table; got {model!r}.")
        _check_keys(f"[models.{name}]", model, MODEL_KEYS)
        if len(model) != 1:
            raise SettingsError(
                f"[models.{name}] must have either input or simulate; "
                f"got {sorted(model) or 'neither'}."
            )


def _check_grids(grids: Any) -> None:
    if not isinstance(grids, list | tuple) or not grids:
        raise SettingsError(
            "a sweep must have at least one [[grid]]; got none. "
            'Add, say, [[grid]] with regularizer = "lrs".'
        )
