"""What does not change results: limits, checkpoints, retries."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Self, final

from pydantic import AfterValidator, Field, field_validator

from hifred.settings import (
    ByteSize,
    Memory,
    Place,
    Seconds,
    Switch,
    Text,
    Whole,
    read_settings,
    settings,
)
from hifred.settings.kinds import Says, is_memory, is_number


def _cubes(text: str) -> str:
    if not re.fullmatch(r"all|none|auto|top=\d+", text):
        raise ValueError
    return text


Cubes = Annotated[
    Text, AfterValidator(_cubes), Says("'all', 'none', 'auto' or 'top=N'", "top=20")
]


@final
@settings
class Retries:
    """How often a trial may be tried again, by what ended it."""

    failed: Whole = Field(
        default=0, ge=0, description="After an exception: it would only come again."
    )
    lost: Whole = Field(
        default=5,
        ge=0,
        description="After the death of its process, or the end of its job.",
    )
    timeout: Whole = Field(
        default=3,
        ge=0,
        description="After its time limit, and only if its checkpoint had advanced.",
    )
    oom: Whole = Field(
        default=1, ge=0, description="After it outgrew its memory, with twice as much."
    )


@final
@settings
class RunOptions:
    """What does not change results: the ``[run]`` table."""

    workers: Whole | None = Field(
        default=None,
        ge=1,
        description="Trials at the same time; left out: cores / threads.",
        examples=[4],
    )
    threads: Whole = Field(default=1, ge=1, description="Threads of one trial.")
    checkpoint_every: Seconds = Field(
        default=60.0, description="Time between checkpoints of a trial, s."
    )
    progress_every: Seconds = Field(
        default=2.0, description="Time between progress lines of a trial, s."
    )
    trial_timeout: Seconds | None = Field(
        default=None,
        description="Longest time of one attempt at a trial, s; left out: no limit.",
        examples=["1h"],
    )
    hang_grace: Seconds = Field(
        default=30.0,
        description="How long after its limit a trial that hangs is killed, s.",
    )
    memory: Memory | None = Field(
        default=None,
        description="Most resident memory of one trial; left out: no limit.",
    )
    early_stop: Switch = Field(
        default=False,
        description="Stop a trial that cannot reach the cost of a finished one with "
        "the same objective.",
    )
    cubes: Cubes = Field(
        default="auto",
        description="Which cubes the collected store holds; auto: all while they are "
        "small.",
    )
    retries: Retries = Field(
        default_factory=Retries, description="How often a trial is tried again."
    )

    @field_validator("memory", mode="before")
    @classmethod
    def _bare_numbers_are_mib(cls, value: object) -> object:
        # Until version 0.1 a number of MiB was taken, and written into sweep.toml.
        if isinstance(value, ByteSize) or not is_number(value):
            return value
        if not is_memory(value * 2**20):
            return value
        size = ByteSize.of_mib(value)
        warnings.warn(
            f"memory without a unit is read as MiB: write memory = '{size}'.",
            FutureWarning,
            stacklevel=2,
        )
        return size

    def changed(self, changes: Mapping[str, object]) -> Self:
        """Return these options with some of them changed.

        Raises
        ------
        SettingsError
            If a name is unknown, with the nearest one, or a value is wrong.
        """
        values: dict[str, Any] = dict(changes)  # checked by the class itself
        return replace(self, **values)


def read_options(table: Mapping[str, object], file: str = "") -> RunOptions:
    """Build the options from the ``[run]`` table of `file`.

    Raises
    ------
    SettingsError
        If a key is unknown or a value is out of its range.
    """
    return read_settings(RunOptions, table, Place(file, "run"))
