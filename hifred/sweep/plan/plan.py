"""The plan of a sweep: one line per trial, written in one step, extended, never cut."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import final

from pydantic import TypeAdapter

from hifred.errors import HifredError
from hifred.store.durable import replace_text
from hifred.store.sealed_zip import DamagedFileError
from hifred.sweep.kernels.kernel import Settings
from hifred.sweep.plan.canonical import trial_id
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.record.sealed_line import decode_line, encode_line

PLAN_VERSION = 1


@final
@dataclass(frozen=True)
class Trial:
    """One frozen set of settings, and the id that is its hash.

    Parameters
    ----------
    id : str
        Twelve hex digits.
    model : str
        Name of the model, whose input is ``inputs/<model>.zarr``.
    settings : mapping
        What it reads, nothing else.
    seed : int
        Its seed.
    after : str or None
        Id of the trial whose result it starts from.
    """

    id: str
    model: str
    settings: Mapping[str, object]
    seed: int = 0
    after: str | None = None

    @property
    def whole(self) -> Settings:
        """Return everything beside its input that decides its result."""
        return whole_settings(self.settings, self.seed)

    def values(self) -> dict[str, object]:
        """Return everything that a listing or a condition may name."""
        return {
            "id": self.id,
            "model": self.model,
            "seed": self.seed,
            **self.settings,
        }


def whole_settings(settings: Settings, seed: int) -> Settings:
    """Return settings and seed as a kernel takes them."""
    return {**settings, "seed": seed}


@final
@dataclass(frozen=True)
class PlannedInput:
    """The input of one model as it was when the plan was made.

    Parameters
    ----------
    digest : str
        Of its content.
    declared : mapping
        What the declaration says of the model.
    source : str or None
        The file that it was copied from; None = simulated.
    """

    digest: str
    declared: Settings = field(default_factory=dict)
    source: str | None = None


@final
@dataclass(frozen=True)
class CodeChange:
    """A change of the code that a sweep went on with, at `time`, to kernel `tag`."""

    time: str
    tag: str
    changes: list[str]


@final
@dataclass(frozen=True)
class Head:
    """What all trials of a plan have in common.

    Parameters
    ----------
    name : str
        Name of the sweep.
    kernel : str
        The kernel's tag, part of every id.
    parts : mapping
        Digests of the kernel's code.
    inputs : mapping
        Model to what its input was.
    code_changes : list
        Changes of the code that were allowed on the way.
    """

    name: str
    kernel: str
    parts: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, PlannedInput] = field(default_factory=dict)
    code_changes: list[CodeChange] = field(default_factory=list)


_HEAD = TypeAdapter(Head)


@final
@dataclass(frozen=True)
class Plan:
    """All trials ever planned in one sweep directory, in order, each id once.

    Two models that hold the same data have the same trials, those of the first.
    """

    head: Head
    trials: list[Trial]

    def extended(self, trials: list[Trial]) -> "Plan":
        """Return the plan with those of `trials` added that it does not have."""
        found: dict[str, Trial] = {}
        for trial in (*self.trials, *trials):
            found.setdefault(trial.id, trial)
        return replace(self, trials=list(found.values()))


def identify(
    head: Head, model: str, settings: Mapping[str, object], seed: int, after: str | None
) -> Trial:
    """Return the trial with its id."""
    identity = dict(settings) if after is None else {**settings, "warm_start": after}
    digest = head.inputs[model].digest
    return Trial(
        trial_id(head.kernel, digest, identity, seed), model, settings, seed, after
    )


def write_plan(directory: SweepDirectory, plan: Plan) -> None:
    """Write the plan in one step; a reader sees the old or the new one."""
    lines = "".join(f"{json.dumps(_trial_line(trial))}\n" for trial in plan.trials)
    head = {
        "plan": PLAN_VERSION,
        **asdict(plan.head),
        "n_trials": len(plan.trials),
        "sha256": _sha256(lines),
    }
    replace_text(directory.plan, encode_line(head).decode() + lines)


def _trial_line(trial: Trial) -> dict[str, object]:
    line = asdict(trial)
    if trial.after is None:
        del line["after"]
    return line


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_plan(directory: SweepDirectory) -> Plan:
    """Read the plan back.

    Raises
    ------
    DamagedFileError
        If it is truncated or altered.
    """
    try:
        first, _, lines = directory.plan.read_text(encoding="utf-8").partition("\n")
        head = decode_line(first.encode())
        if head is None:
            raise _damaged(directory)
        _check_version(directory, head)
        if head["sha256"] != _sha256(lines):
            raise _damaged(directory)
        trials = [Trial(**json.loads(line)) for line in lines.splitlines()]
        # Version 0.1 planned the trials of two models of the same data twice.
        return Plan(_HEAD.validate_python(head), []).extended(trials)
    except HifredError:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(directory) from error


def _check_version(directory: SweepDirectory, head: Settings) -> None:
    if head["plan"] != PLAN_VERSION:
        raise DamagedFileError(
            f"{directory.plan.name} must have version {PLAN_VERSION}. "
            "Read it with the version of hifred that wrote it."
        )


def _damaged(directory: SweepDirectory) -> DamagedFileError:
    return DamagedFileError(
        f"{directory.plan} must be whole; it is truncated or altered. Move it away and "
        "run the same command: the plan is made again from sweep.toml, and finished "
        "trials are found by their ids."
    )
