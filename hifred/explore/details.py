"""What is known of a trial, as a small table of a page."""

from html import escape

from hifred.explore.choices import swept_settings
from hifred.measures.names import measure_name
from hifred.plots.labels import measure_unit, plain_unit
from hifred.plots.shelf import Shelf
from hifred.store.ranking import ranked_measures
from hifred.store.trial_table import setting_text


def details_html(shelf: Shelf, trial: str) -> str:
    """Return the settings, state and measures of a trial as HTML."""
    row = shelf.row(trial)
    facts = [("trial", trial), ("state", shelf.word(trial))]
    facts += [
        (name, setting_text(shelf.setting(trial, name)))
        for name in swept_settings(shelf.table)
    ]
    for name in ("outcome", "message"):
        if str(row.get(name, "")):
            facts.append((name, str(row[name])))
    if not shelf.is_done(trial):
        facts.append(("measures", f"none: the trial is {shelf.word(trial)}"))
    else:
        facts += [
            (measure_name(name), _measured(shelf, trial, name))
            for name in ranked_measures(shelf.table)
        ]
        said = [verdict.sentence for verdict in shelf.draw_verdicts(trial)]
        facts += [("errors", sentence) for sentence in said]
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
        for name, value in facts
    )
    return f"<table>{cells}</table>"


def _measured(shelf: Shelf, trial: str, name: str) -> str:
    value = float(shelf.row(trial)[name])
    if value != value:
        is_truth = shelf.table.needs_truth(name)
        return "none: real data, no truth" if is_truth else "not measured"
    unit = measure_unit(shelf.table, name)
    return f"{value:.4g}" if unit == "1" else f"{value:.4g} {plain_unit(unit)}"
