"""What is known of a trial, as a small table of a page."""

from html import escape

from hifred.explore.choices import swept_settings
from hifred.plots.labels import plain_unit, setting_text
from hifred.plots.shelf import Shelf
from hifred.plots.trial_grid import measures_of, needs_truth


def details_html(shelf: Shelf, trial: str) -> str:
    """Return the settings, state and measures of a trial as HTML."""
    row = shelf.row(trial)
    facts = [("trial", trial), ("state", shelf.word(trial))]
    facts += [
        (name, setting_text(shelf.setting(trial, name)))
        for name in swept_settings(shelf.table)
    ]
    for name in ("outcome", "message"):
        if name in row and str(row[name].item()):
            facts.append((name, str(row[name].item())))
    facts += [
        (name, _measured(shelf, trial, name)) for name in measures_of(shelf.table)
    ]
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in facts
    )
    return f'<table class="details">{cells}</table>'


def _measured(shelf: Shelf, trial: str, name: str) -> str:
    if not shelf.is_done(trial):
        return f"none: the trial is {shelf.word(trial)}"
    values = shelf.table[name]
    value = float(shelf.row(trial)[name])
    if value != value:
        return "none: real data, no truth" if needs_truth(values) else "not measured"
    unit = str(values.attrs.get("units", "1"))
    return f"{value:.5g}" if unit == "1" else f"{value:.5g} {plain_unit(unit)}"
