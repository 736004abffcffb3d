"""Settings of every kind, to test on."""

from typing import Annotated, Literal

from pydantic import Field

from hifred.settings import (
    ByteSize,
    Duration,
    Memory,
    Number,
    Seconds,
    Switch,
    Text,
    Walltime,
    Whole,
    Word,
    renamed,
    settings,
)


@settings
class Budget:
    failed: Whole = Field(default=0, ge=0, description="After an exception.")
    lost: Whole = Field(default=5, ge=0, description="After a death.")


@settings
class Everything:
    kind: Literal["fast", "paper"] = Field(description="Which one.")
    workers: Whole | None = Field(default=None, ge=1, description="Trials at a time.")
    strength: Annotated[Number, Field(ge=0)] | Literal["varying"] | None = None
    share: Number = Field(default=0.1, gt=0, lt=1)
    quiet: Switch = False
    title: Text = ""
    partition: Word | None = None
    memory: Memory | None = None
    patience: Seconds = 60.0
    walltime: Walltime = Duration(3600)
    band: tuple[Number, Number] = (1.0, 2.0)
    seeds: tuple[Whole, ...] = Field(default=(1,), min_length=1)
    budget: Budget = Field(default_factory=Budget)
    budgets: Budget | list[Budget] | None = None
    named: dict[str, Budget] = Field(default_factory=dict)
    _old_memory = renamed("memory_gib", "memory", ByteSize.of_gib)
