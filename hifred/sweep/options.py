"""What does not change results: limits, checkpoints, retries."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, final

from hifred.errors import SettingsError, unknown_name

_UNITS = {"KiB": 2.0**-10, "MiB": 1.0, "GiB": 2.0**10, "TiB": 2.0**20,
          "KB": 1e3 / 2**20, "MB": 1e6 / 2**20, "GB": 1e9 / 2**20}  # fmt: skip


@final
@dataclass(frozen=True)
class Retries:
    """How often a trial may be tried again, by what ended it.

    Parameters
    ----------
    failed : int
        After an exception: it would only come again.
    lost : int
        After the death of its process, or the end of its job.
    timeout : int
        After its time limit, and only if its checkpoint had advanced.
    oom : int
        After it outgrew its memory, with twice as much.
    """

    failed: int = 0
    lost: int = 5
    timeout: int = 3
    oom: int = 1


@final
@dataclass(frozen=True)
class RunOptions:
    """The ``[run]`` table.

    Parameters
    ----------
    workers : int or None
        Trials at the same time; None = cores / threads.
    threads : int
        Threads of one trial.
    checkpoint_every : float
        Time between checkpoints of a trial, s.
    progress_every : float
        Time between progress lines of a trial, s.
    trial_timeout : float or None
        Longest time of one attempt at a trial, s.
    hang_grace : float
        How much longer before its process is killed, s.
    memory : float or None
        Most resident memory of one trial, MiB; text such as ``"4GiB"`` is read.
    early_stop : bool
        Stop a trial that cannot reach the cost of a finished one with the same
        objective.
    cubes : str
        Which cubes the collected store holds: ``top=20``, ``all`` or ``none``.
    retries : Retries
        How often to try again.
    """

    workers: int | None = None
    threads: int = 1
    checkpoint_every: float = 60.0
    progress_every: float = 2.0
    trial_timeout: float | None = None
    hang_grace: float = 30.0
    memory: float | None = None
    early_stop: bool = False
    cubes: str = "auto"
    retries: Retries = Retries()


def read_options(table: Mapping[str, Any]) -> RunOptions:
    """Build the options from the ``[run]`` table.

    Raises
    ------
    SettingsError
        If a key is unknown or a value is out of its range.
    """
    values = dict(table)
    names = [field.name for field in fields(RunOptions)]
    for key in values:
        if key not in names:
            raise unknown_name("key in [run]", key, names)
    if "retries" in values:
        values["retries"] = _read_retries(values["retries"])
    if values.get("memory") is not None:
        values["memory"] = read_memory(values["memory"])
    options = replace(RunOptions(), **values)
    _check_numbers(options)
    return options


def _read_retries(table: Mapping[str, Any]) -> Retries:
    names = [field.name for field in fields(Retries)]
    for key, value in table.items():
        if key not in names:
            raise unknown_name("key in [run.retries]", key, names)
        if not isinstance(value, int) or value < 0:
            raise SettingsError(f"retries.{key} must be a whole number >= 0; {value}.")
    return replace(Retries(), **table)


def _check_numbers(options: RunOptions) -> None:
    for name in ("workers", "threads"):
        value = getattr(options, name)
        if value is not None and (not isinstance(value, int) or value < 1):
            raise SettingsError(f"{name} must be a whole number >= 1; got {value!r}.")
    for name in ("checkpoint_every", "progress_every", "hang_grace", "trial_timeout"):
        value = getattr(options, name)
        if value is None and name == "trial_timeout":
            continue
        if not isinstance(value, int | float) or not value >= 0:
            raise SettingsError(f"{name} must be a time in seconds; got {value!r}.")


def read_memory(text: Any) -> float:
    """Return a memory size in MiB from a number (MiB) or a text such as ``"4GiB"``."""
    if isinstance(text, int | float) and not isinstance(text, bool) and text > 0:
        return float(text)
    compact = str(text).replace(" ", "")
    for unit, factor in _UNITS.items():
        number = compact.removesuffix(unit)
        if number != compact and number.replace(".", "", 1).isdigit():
            return float(number) * factor
    raise SettingsError(
        f"memory must be a size such as '4GiB' or a number of MiB; got {text!r}."
    )
