"""From a declaration to a plan in a sweep directory; refuses to mix code or inputs."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from hifred.errors import HifredError
from hifred.store.durable import replace_text
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.canonical import canonical_table
from hifred.sweep.plan.declaration import Declaration, ModelSource
from hifred.sweep.plan.expansion import Expansion, Point, expand
from hifred.sweep.plan.inputs import (
    check_model,
    found_digest,
    materialise,
    source_path,
)
from hifred.sweep.plan.plan import (
    CodeChange,
    Head,
    Plan,
    PlannedInput,
    Trial,
    identify,
    read_plan,
    write_plan,
)
from hifred.sweep.plan.trial_checks import check_trials
from hifred.sweep.record.layout import SweepDirectory

logger = logging.getLogger(__name__)
# Digests made by another rule cannot be compared; the tag, which is part of every id,
# is what names a result.
RULE_CHANGED = (
    "the digests of its code were made by another version's rule, so that only the "
    "kernel's tag, which is the same, was compared; this is recorded"
)


class ChangedError(HifredError):
    """Code or input differ from what the sweep was started with."""


@final
@dataclass(frozen=True)
class Planned:
    """A plan, and the part of it that is declared now.

    Parameters
    ----------
    plan : Plan
        All trials ever planned here.
    declared : set of str
        Ids of the trials of the present declaration.
    expansion : Expansion
        The counts of what was declared, dropped and excluded.
    n_new : int
        Trials that this call added.
    """

    plan: Plan
    declared: set[str]
    expansion: Expansion
    n_new: int


@final
@dataclass(frozen=True)
class Checked:
    """A declaration that has been compared with what is in its directory.

    Parameters
    ----------
    before : Plan or None
        The plan that is there.
    head : Head
        The head to go on with.
    expansion : Expansion
        What is declared.
    sources : mapping
        Where each model's input comes from; None = simulated.
    """

    before: Plan | None
    head: Head
    expansion: Expansion
    sources: Mapping[str, Path | None]


def check_plan(
    directory: SweepDirectory,
    declaration: Declaration,
    kernel: Kernel,
    *,
    allow_code_change: bool = False,
) -> Checked:
    """Compare a declaration with its directory; nothing is written.

    Raises
    ------
    SettingsError
        If the declaration is wrong.
    ChangedError
        If code or an input differs from what the sweep was started with.
    """
    expansion = expand(declaration, kernel)
    before = read_plan(directory) if directory.plan.exists() else None
    new = Head(declaration.name, kernel.tag, kernel.parts())
    head = checked_code(before.head if before else new, kernel, allow=allow_code_change)
    sources = checked_inputs(directory, declaration, head, kernel)
    check_trials(directory, declaration, expansion, sources, kernel)
    return Checked(before, head, expansion, sources)


def make_plan(
    directory: SweepDirectory,
    declaration: Declaration,
    kernel: Kernel,
    *,
    allow_code_change: bool = False,
    text: str | None = None,
) -> Planned:
    """Write, or extend, the plan of `declaration` in `directory`.

    Parameters
    ----------
    allow_code_change : bool
        Go on with changed code under the ids of the old one; it is recorded.
    text : str or None
        The declaration as TOML, to be kept beside the plan.

    Raises
    ------
    SettingsError
        If the declaration is wrong: nothing has been written then.
    ChangedError
        If code or an input differs from what the sweep was started with.
    """
    checked = check_plan(
        directory, declaration, kernel, allow_code_change=allow_code_change
    )
    before, expansion = checked.before, checked.expansion
    directory.create()
    if text is not None:
        _keep_text(directory, text)
    head = _with_inputs(directory, declaration, checked, kernel)
    trials = identified(head, expansion.points)
    plan = (before or Plan(head, [])).extended(trials)
    plan = replace(plan, head=head)
    if plan != before:
        write_plan(directory, plan)
        _tell_unseen_changes(before, plan)
        _tell_same_data(head)
    return Planned(
        plan,
        {trial.id for trial in trials},
        expansion,
        len(plan.trials) - (len(before.trials) if before else 0),
    )


def _tell_unseen_changes(before: Plan | None, plan: Plan) -> None:
    known = before.head.code_changes if before else []
    for record in plan.head.code_changes[len(known) :]:
        if RULE_CHANGED in record.changes:
            logger.warning("%s: %s.", plan.head.name, RULE_CHANGED)


def _tell_same_data(head: Head) -> None:
    names: dict[str, list[str]] = {}
    for name, known in head.inputs.items():
        names.setdefault(known.digest, []).append(name)
    for first, *others in names.values():
        if others:
            logger.warning(
                "models %s hold the same data: their trials are computed once, as "
                "those of %r. Simulations differ by their seed: "
                "simulate = { ..., seed = 2 }.",
                ", ".join(map(repr, (first, *others))),
                first,
            )


def _keep_text(directory: SweepDirectory, text: str) -> None:
    """Keep the declaration; before the plan, which cannot be resumed without it."""
    kept = directory.declaration
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        replace_text(kept, text)


def identified(head: Head, points: list[Point]) -> list[Trial]:
    """Return the trials of `points`, whose models' inputs `head` must know."""
    known: dict[str, Trial] = {}

    def trial_of(point: Point) -> Trial:
        if (key := point.key) not in known:
            after = None if point.after is None else trial_of(point.after).id
            known[key] = identify(head, point.model, point.settings, point.seed, after)
        return known[key]

    return [trial_of(point) for point in points]


def checked_code(head: Head, kernel: Kernel, *, allow: bool) -> Head:
    """Return the head to go on with, after comparing the code.

    Raises
    ------
    ChangedError
        With the differences, unless they are allowed.
    """
    parts = kernel.parts()
    if head.parts.get("rule") != parts.get("rule") and head.kernel == kernel.tag:
        return _recorded(head, kernel, [RULE_CHANGED])
    changes = _differences({"tag": head.kernel, **head.parts},
                           {"tag": kernel.tag, **parts})  # fmt: skip
    changes = [line for line in changes if line not in _accepted(head, kernel.tag)]
    if not changes:
        return head
    if not allow:
        raise ChangedError(
            "code must be that of the finished trials; it has changed:\n  "
            + "\n  ".join(changes)
            + "\nStart a new directory, or add --allow-code-change, which is recorded."
        )
    return _recorded(head, kernel, changes)


def _recorded(head: Head, kernel: Kernel, changes: list[str]) -> Head:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    records = [*head.code_changes, CodeChange(now, kernel.tag, changes)]
    return replace(head, parts=kernel.parts(), code_changes=records)


def _accepted(head: Head, tag: str) -> set[str]:
    latest = head.code_changes[-1] if head.code_changes else None
    if latest is None or latest.tag != tag:
        return set()
    return {line for line in latest.changes if line.startswith("tag:")}


def _differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return [
        f"{name}: {_short(old.get(name))} -> {_short(new.get(name))}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _short(value: object) -> str:
    text = "absent" if value is None else str(value)
    is_digest = len(text) == 64 and " " not in text
    return f"{text[:12]}…" if is_digest else text


def checked_inputs(
    directory: SweepDirectory, declaration: Declaration, head: Head, kernel: Kernel
) -> dict[str, Path | None]:
    """Return where each model's input comes from, after comparing it with the plan.

    Raises
    ------
    ChangedError
        If a planned input is declared otherwise now, or its content differs.
    HifredError
        If an input is absent or unusable.
    """
    sources: dict[str, Path | None] = {}
    for name, model in declaration.models.items():
        known = head.inputs.get(name)
        sources[name] = source_path(model, declaration.folder)
        if known is None:
            check_model(name, model, sources[name], kernel)
            continue
        _check_declared(name, known, model)
        _check_kept(directory, name, known, kernel)
        _check_unchanged(name, known, kernel)
    return sources


def _check_declared(name: str, known: PlannedInput, model: ModelSource) -> None:
    changes = _differences(
        _flat(known.declared), _flat(canonical_table(model.declared))
    )
    if changes:
        raise ChangedError(
            f"[models.{name}] must stay as it was planned; it has changed:\n  "
            + "\n  ".join(changes)
            + "\nGive the new one a name of its own."
        )


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _check_kept(
    directory: SweepDirectory, name: str, known: PlannedInput, kernel: Kernel
) -> None:
    kept = directory.input(name)
    if not kept.exists():
        return
    found = found_digest(kernel, kept)
    if found != known.digest:
        raise ChangedError(
            f"input of {name!r} must be the planned one; {kept} is damaged or altered: "
            f"digest {_short(known.digest)} -> {_short(found)}. "
            "Delete it: it is made again from its source."
        )


def _check_unchanged(name: str, known: PlannedInput, kernel: Kernel) -> None:
    source = None if known.source is None else Path(known.source)
    if source is None or not source.exists():
        return
    found = found_digest(kernel, source)
    if found != known.digest:
        raise ChangedError(
            f"input of {name!r} must be the planned one; {source} has changed: "
            f"digest {_short(known.digest)} -> {_short(found)}. "
            f"Declare it under a new model name; the old one is kept with the sweep."
        )


def _with_inputs(
    directory: SweepDirectory,
    declaration: Declaration,
    checked: Checked,
    kernel: Kernel,
) -> Head:
    inputs = dict(checked.head.inputs)
    for name, model in declaration.models.items():
        source = checked.sources[name]
        path = materialise(
            directory, name, model,
            source=source, kernel=kernel, seed=declaration.seed,
        )  # fmt: skip
        if name in inputs:
            _check_kept(directory, name, inputs[name], kernel)
            continue
        origin = None if source is None else str(source.resolve())
        declared = canonical_table(model.declared)
        known = PlannedInput(kernel.input_digest(path), declared, origin)
        _check_unchanged(name, known, kernel)
        inputs[name] = known
    return replace(checked.head, inputs=inputs)
