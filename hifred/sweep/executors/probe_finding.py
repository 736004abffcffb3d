"""What a probe of a machine or cluster found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from hifred.errors import HifredError


@final
@dataclass(frozen=True)
class ProbeFinding:
    """The outcome of one probe.

    Parameters
    ----------
    probe : str
        What was looked at.
    passed : bool
    message : str
        What was found, or what to change.
    """

    probe: str
    passed: bool
    message: str


def find(probe: str, check: Callable[[], str]) -> ProbeFinding:
    """Run one check; its error is the finding."""
    try:
        return ProbeFinding(probe, True, check())
    except (HifredError, OSError) as error:
        return ProbeFinding(probe, False, str(error))
