"""Trials of a sweep as rows: chosen by state and condition, with chosen columns."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hifred.errors import SchemaError, SettingsError, unknown_name
from hifred.store.trial_file import read_trial_attributes, scalar_measures
from hifred.sweep.plan.plan import Trial
from hifred.sweep.plan.where import Condition, check_conditions, matches, read_where
from hifred.sweep.record.events import Progress
from hifred.sweep.watch.snapshot import SweepView
from hifred.sweep.watch.states import STATES, TrialHistory, TrialState

FACTS = ("state", "attempts", "seconds", "iteration", "host", "rss", "message")


def list_rows(
    root: str | Path,
    *,
    states: Sequence[str] = (),
    where: str | None = None,
    columns: Sequence[str] | None = None,
) -> list[dict[str, object]]:
    """Return the trials of a sweep, one mapping each, in the order of the plan.

    Parameters
    ----------
    states : sequence of str
        Those wanted; none = all.
    where : str or None
        Conditions on settings, facts or measures: ``rank >= 8 and nmse_db > 20``.
    columns : sequence of str or None
        What to show beside id and state; None = what varies, and the common facts.

    Raises
    ------
    SettingsError
        If a state, column or condition is unknown.
    """
    for state in states:
        if state not in STATES:
            raise unknown_name("state", state, STATES)
    view = SweepView(root)
    found = view.states()
    conditions = read_where(where)
    rows = [_row(t, found[t.id], view.histories.get(t.id)) for t in view.plan.trials]
    asked = {c.name for c in conditions} | set(columns or ())
    unknown = asked - {name for row in rows for name in row}
    if unknown:
        rows = [row | _measures(view, row, unknown) for row in rows]
    known = _known_values(rows)
    check_conditions(conditions, known, "where")
    _check_columns(columns or (), known)
    shown = columns or _default_columns(rows)
    return [_shown(row, shown) for row in rows if _is_chosen(row, states, conditions)]


def chosen_trials(
    view: SweepView,
    *,
    ids: Iterable[str] = (),
    states: Sequence[str] = (),
    where: str | None = None,
) -> list[Trial]:
    """Return the trials that ids (first digits do), states and conditions choose."""
    found = view.states()
    conditions = read_where(where)
    wanted = [full_id(view, name) for name in ids]
    rows = {
        t.id: _row(t, found[t.id], view.histories.get(t.id)) for t in view.plan.trials
    }
    check_conditions(conditions, _known_values(rows.values()), "where")
    return [
        trial
        for trial in view.plan.trials
        if (not wanted or trial.id in wanted)
        and _is_chosen(rows[trial.id], states, conditions)
    ]


def full_id(view: SweepView, name: str) -> str:
    """Return the one id that starts with `name`.

    Raises
    ------
    SettingsError
        If none or several do.
    """
    found = [trial.id for trial in view.plan.trials if trial.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    how_many = f"{len(found)} trials start" if found else "no trial starts"
    raise SettingsError(
        f"ID must be the first digits of one trial; {how_many} with {name!r}. "
        "`hifred list` shows them."
    )


def _row(
    trial: Trial, state: TrialState, history: TrialHistory | None
) -> dict[str, object]:
    row = {**trial.values(), "state": state, "attempts": 0}
    if history is None:
        return row | dict.fromkeys(FACTS[2:])
    end = history.finish if state is TrialState.DONE else history.last
    latest = end or history.progress or Progress(trial_id=trial.id)
    return row | {
        "attempts": history.attempt,
        "seconds": latest.seconds,
        "iteration": latest.iteration,
        "host": None if history.place is None else history.place.host,
        "rss": latest.rss_mib,
        "message": "" if state is TrialState.DONE else history.message,
    }


def _measures(
    view: SweepView, row: Mapping[str, object], names: set[str]
) -> dict[str, object]:
    if row["state"] != "done":
        return {}
    measures = trial_measures(view, str(row["id"]))
    return {name: measures[name] for name in names if name in measures}


def trial_measures(view: SweepView, trial_id: str) -> dict[str, float]:
    """Return the scalars of a finished trial; none when its file is damaged."""
    if trial_id in view.collected_measures:
        return view.collected_measures[trial_id]
    try:
        return scalar_measures(read_trial_attributes(view.directory.trial(trial_id)))
    except SchemaError:
        return {}


def _known_values(
    rows: Iterable[Mapping[str, object]],
) -> dict[str, list[object]]:
    known: dict[str, list[object]] = {}
    for row in rows:
        for name, value in row.items():
            known.setdefault(name, []).append(value)
    # A state that no trial is in may be asked for, and any message.
    return known | {"state": list(STATES), "message": [], "host": []}


def _check_columns(names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown_name("column", name, known)


def _is_chosen(
    row: Mapping[str, object], states: Sequence[str], conditions: list[Condition]
) -> bool:
    return (not states or row["state"] in states) and matches(conditions, row)


def _default_columns(rows: Sequence[Mapping[str, object]]) -> list[str]:
    names = [name for name in dict.fromkeys(k for r in rows for k in r) if name != "id"]
    settings = [name for name in names if name not in FACTS]
    varying = [n for n in settings if len({repr(row.get(n)) for row in rows}) > 1]
    return [*varying, "attempts", "seconds", "message"]


def _shown(row: Mapping[str, object], columns: Sequence[str]) -> dict[str, object]:
    return {"id": row["id"], "state": row["state"]} | {
        name: row.get(name) for name in columns
    }
