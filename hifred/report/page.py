"""The report: one HTML file that needs nothing else."""

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from hifred import __version__
from hifred.errors import HifredError
from hifred.plots.shelf import Shelf, open_shelf
from hifred.report.chapters import model_pictures
from hifred.report.facts import (
    best_table,
    best_trials,
    choices_table,
    failures_table,
    glossary,
    provenance_table,
    states_table,
)
from hifred.report.tables import all_trials_table


def write_report(directory: str | Path, output: str | Path | None = None) -> Path:
    """Write the page of a sweep; return where it is.

    Parameters
    ----------
    directory : path
        A sweep directory; it is collected first if need be.
    output : path, optional
        The file to write, by default ``report.html`` in the sweep directory.

    Raises
    ------
    HifredError
        If it is no sweep directory, or the file cannot be written.
    """
    root = Path(directory)
    declaration = root / "sweep.toml"
    text = declaration.read_text(encoding="utf-8") if declaration.is_file() else ""
    shelf = open_shelf(root)
    page = render_page(shelf, name=_name(shelf, root), declaration=text)
    path = Path(output) if output is not None else root / "report.html"
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise HifredError(
            f"output must be writable; got {path} ({error.strerror})."
        ) from error
    return path


def render_page(shelf: Shelf, *, name: str, declaration: str = "") -> str:
    """Return the page of a sweep as HTML.

    Parameters
    ----------
    shelf : Shelf
    name : str
        Of the sweep.
    declaration : str
        The text of its sweep.toml.
    """
    environment = Environment(
        loader=PackageLoader("hifred.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        name=name,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        software=f"hifred {__version__}, Python {platform.python_version()}",
        declaration=declaration,
        n_trials=len(shelf.table),
        n_done=int(shelf.table.is_done.sum()),
        verdicts=shelf.verdicts(),
        choices=choices_table(shelf.table),
        states=states_table(shelf.table),
        failures=failures_table(shelf.table),
        trials=all_trials_table(shelf.table),
        glossary=glossary(shelf.table),
        chapters=[_chapter(shelf, model) for model in shelf.table.models],
    )


def _chapter(shelf: Shelf, model: str) -> dict[str, Any]:
    best = best_trials(shelf.table, model, n=1)
    return {
        "model": model,
        "has_truth": shelf.truth(model) is not None,
        "best": best_table(shelf.table, model) if best else None,
        "pictures": model_pictures(shelf, model),
        "provenance": provenance_table(shelf.trial(best[0])) if best else None,
    }


def _name(shelf: Shelf, root: Path) -> str:
    return str(shelf.table.attrs.get("name") or root.resolve().name)
