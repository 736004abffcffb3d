"""The report: one HTML file that needs nothing else."""

import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from hifred import __version__
from hifred.errors import HifredError, SettingsError
from hifred.plots.shelf import Shelf, open_shelf
from hifred.posterior import Draws
from hifred.report.chapters import model_pictures
from hifred.report.errors import KnownErrors
from hifred.report.facts import (
    best_per_regularizer,
    best_table,
    best_trials,
    choices_table,
    failures_table,
    glossary,
    provenance_table,
    states_table,
)
from hifred.report.pictures import Picture
from hifred.report.regions import Answer, Asked, line_map_pictures, region_answer
from hifred.report.single import Single, fusion_page, input_page
from hifred.report.tables import all_trials_table
from hifred.store import fusion_input as stored_input
from hifred.store import fusion_result
from hifred.store.durable import place_of_ours
from hifred.store.fused import open_fused
from hifred.store.stored_schema import stored_schema


def write_report(
    directory: str | Path,
    output: str | Path | None = None,
    *,
    fusion_input: str | Path | None = None,
    draws: str | Path | None = None,
    regions: str | Path | None = None,
    lines: str | Path | None = None,
) -> Path:
    """Write the page of a sweep, of one fusion or of one input; return where it is.

    Parameters
    ----------
    directory : path
        A sweep directory, which is collected first if need be; a result of `hifred
        fuse`; or a fusion input.
    output : path, optional
        The file to write, by default ``report.html`` in the sweep directory, or beside
        the other two, under their name.
    fusion_input : path, optional
        What one fusion was made of, which its page compares with it; by default where
        it was.
    draws : path, optional
        Of `hifred sample`, of one fusion: its page then shows errors. By default those
        at its place; of a sweep, those of the best trials.
    regions : path, optional
        DS9 region file, or FITS mask: where they lie, their spectra, fluxes and lines,
        of the fusion or of the best one of each model.
    lines : path, optional
        The ``lines.toml`` of what is to be mapped, of one fusion; a sweep has its own.

    Raises
    ------
    HifredError
        If it is none of these, or the file cannot be written.
    """
    root = Path(directory)
    schema = stored_schema(root)
    if draws is not None and schema != fusion_result.SCHEMA:
        raise SettingsError(
            f"draws must be of one fusion; {root} is none. Those of a sweep's trials "
            "are found where `hifred sample` writes them."
        )
    _check_asked(root, schema, regions, lines)
    if schema in (fusion_result.SCHEMA, stored_input.SCHEMA):
        asked = Asked.read(regions, lines)
        if asked.lines is not None and not asked.lines.lines:
            raise SettingsError(
                f"lines must name at least one; {lines} has bands alone, which `hifred "
                "lines` maps."
            )
        single = _single(root, schema, fusion_input, draws, asked)
        page = render_single(single, name=root.stem)
        return _written(page, Path(output or root.with_suffix(".html")))
    declaration = root / "sweep.toml"
    text = declaration.read_text(encoding="utf-8") if declaration.is_file() else ""
    shelf = open_shelf(root)
    own_lines = root / "lines.toml"
    asked = Asked.read(regions, own_lines if own_lines.is_file() and regions else None)
    page = render_page(shelf, name=_name(shelf, root), declaration=text, asked=asked)
    return _written(page, Path(output or place_of_ours(root / "report.html")))


def _check_asked(
    root: Path,
    schema: str,
    regions: str | Path | None,
    lines: str | Path | None,
) -> None:
    if schema == stored_input.SCHEMA and (regions or lines):
        raise SettingsError(
            f"regions and lines must be of a fused cube; {root} is an input. Give what "
            "`hifred fuse` wrote."
        )
    if lines is not None and schema != fusion_result.SCHEMA:
        raise SettingsError(
            f"lines must be of one fusion; {root} is none. A sweep maps those that "
            "[products] of its sweep.toml names."
        )


def _single(
    root: Path,
    schema: str,
    fusion_input: str | Path | None,
    draws: str | Path | None,
    asked: Asked,
) -> Single:
    if schema == stored_input.SCHEMA:
        return input_page(stored_input.open_fusion_input(root))
    fused = open_fused(
        root, fusion_input=None if fusion_input is None else Path(fusion_input)
    )
    given = None if draws is None else Path(draws)
    known = KnownErrors.take(lambda: fused.draws(given))
    facts = (fused.result, fused.fusion_input, known.draws)
    found = region_answer(asked, *facts)
    found.pictures.extend(line_map_pictures(asked.lines, *facts))
    return fusion_page(fused.result, fused.fusion_input, known, found)


def _written(page: str, path: Path) -> Path:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise HifredError(
            f"output must be writable; got {path} ({error.strerror})."
        ) from error
    return path


def render_single(single: Single, *, name: str) -> str:
    """Return the page of one fusion or one input as HTML."""
    return (
        _environment()
        .get_template("single.html")
        .render(name=name, **_written_by(), **vars(single))
    )


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hifred.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _written_by() -> dict[str, str]:
    return {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "software": f"hifred {__version__}, Python {platform.python_version()}",
    }


def render_page(
    shelf: Shelf, *, name: str, declaration: str = "", asked: Asked | None = None
) -> str:
    """Return the page of a sweep as HTML.

    Parameters
    ----------
    shelf : Shelf
    name : str
        Of the sweep.
    declaration : str
        The text of its sweep.toml.
    asked : Asked, optional
        Regions, and lines in them.
    """
    return (
        _environment()
        .get_template("report.html")
        .render(
            name=name,
            **_written_by(),
            declaration=declaration,
            n_trials=len(shelf.table),
            n_done=int(shelf.table.is_done.sum()),
            verdicts=shelf.verdicts(),
            choices=choices_table(shelf.table),
            states=states_table(shelf.table),
            failures=failures_table(shelf.table),
            trials=all_trials_table(shelf.table),
            glossary=glossary(shelf.table),
            chapters=[
                _chapter(shelf, model, asked or Asked()) for model in shelf.table.models
            ],
        )
    )


def _chapter(shelf: Shelf, model: str, asked: Asked) -> dict[str, Any]:
    best = best_trials(shelf.table, model, n=1)
    pictured = best_per_regularizer(shelf.table, model)
    known = KnownErrors.take(lambda: shelf.draws(pictured[0]) if pictured else None)
    found = Answer()
    if pictured and asked.region_file is not None:
        found = _answer_of_trial(shelf, pictured[0], asked, known.draws)
    return {
        "model": model,
        "has_truth": shelf.truth(model) is not None,
        "best": best_table(shelf.table, model) if best else None,
        "errors": known.sentences,
        "tables": found.tables,
        "pictures": [*found.pictures, *model_pictures(shelf, model, known.draws)],
        "provenance": provenance_table(shelf.trial(best[0])) if best else None,
    }


def _answer_of_trial(
    shelf: Shelf, trial: str, asked: Asked, draws: Draws | None
) -> Answer:
    """Return what is asked of a model's best fusion; a refusal becomes its reason."""
    try:
        ready = shelf.input(shelf.model_of(trial))
        return region_answer(asked, shelf.trial(trial), ready, draws)
    except HifredError as error:
        refused = Picture("Regions", "Regions of the best fusion.", reason=str(error))
        return Answer(pictures=[refused])


def _name(shelf: Shelf, root: Path) -> str:
    return str(shelf.table.attrs.get("name") or root.resolve().name)
