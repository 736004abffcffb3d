"""The kinds of values that settings have: what is taken, and how it is told."""

import re
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Annotated, Any, TypeGuard, final

from pydantic import BeforeValidator, PlainValidator

from hifred.errors import SettingsError
from hifred.settings.sizes import ByteSize, Duration

SMALLEST_MEMORY = ByteSize.read("1MiB")
LARGEST_MEMORY = ByteSize.read("1024TiB")


@final
@dataclass(frozen=True)
class Says:
    """How a kind of value is told to people.

    Parameters
    ----------
    words : str
        What a value must be: ``"a size such as '4GiB'"``.
    example : object
        A right value.
    """

    words: str
    example: Any


def is_number(value: object) -> TypeGuard[float]:
    """Say whether `value` is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def is_memory(n_bytes: float) -> bool:
    """Say whether a machine may have so much memory, and a process live in it."""
    return SMALLEST_MEMORY <= n_bytes <= LARGEST_MEMORY


def _require(is_right: bool) -> None:
    # What it must be is told by the kind's words.
    if not is_right:
        raise ValueError


def _whole(value: Any) -> int:
    _require(is_number(value))
    _require(isinstance(value, Integral) or float(value).is_integer())
    return int(value)


def _seed(value: Any) -> int:
    seed = _whole(value)
    _require(0 <= seed < 2**63)
    return seed


def _number(value: Any) -> float:
    _require(is_number(value))
    return float(value)


def _switch(value: Any) -> bool:
    _require(isinstance(value, bool))
    return bool(value)


def _text(value: Any) -> str:
    _require(isinstance(value, str))
    return str(value)


def _word(value: Any) -> str:
    _require(isinstance(value, str) and re.fullmatch(r"\S+", value) is not None)
    return str(value)


def _memory(value: Any) -> ByteSize:
    # A bare number is refused: it has been MiB in one place and GiB in another.
    _require(isinstance(value, ByteSize | str))
    size = value if isinstance(value, ByteSize) else ByteSize.read(value)
    if not is_memory(size):
        raise SettingsError(
            f"memory must be from {SMALLEST_MEMORY} to {LARGEST_MEMORY}; got {size}. "
            "Write, say, '4GiB'."
        )
    return size


def _seconds(value: Any) -> float:
    _require((is_number(value) and value >= 0) or isinstance(value, str))
    return float(Duration.read(value)) if isinstance(value, str) else float(value)


def _walltime(value: Any) -> Duration:
    # A bare number is refused: SLURM reads it as minutes.
    _require(isinstance(value, Duration | str))
    return value if isinstance(value, Duration) else Duration.read(value)


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number)]
Seed = Annotated[
    int,
    BeforeValidator(_seed),
    Says("a whole number from 0 to 2^63 - 1", 1),  # the largest that arrays hold
]
Switch = Annotated[bool, BeforeValidator(_switch)]
Text = Annotated[str, BeforeValidator(_text)]
Word = Annotated[str, BeforeValidator(_word), Says("one word", "name")]
Memory = Annotated[
    ByteSize,
    PlainValidator(_memory),
    Says("a size such as '4GiB'", ByteSize.of_gib(4)),
]
Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Says("a time in seconds, or such as '2h' or '02:00:00'", 60.0),
]
Walltime = Annotated[
    Duration,
    PlainValidator(_walltime),
    Says("a time such as '12:00:00', '1-00:00:00' or '2h'", Duration(7200)),
]
