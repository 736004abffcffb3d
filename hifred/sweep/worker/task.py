"""What a worker is told, and what it answers in a hundred bytes."""

from dataclasses import dataclass
from typing import NamedTuple, final

from hifred.settings import ByteSize
from hifred.sweep.plan.plan import Trial
from hifred.sweep.record.events import TrialOutcome


@final
@dataclass(frozen=True)
class Task:
    """What a worker is told: settings and limits, never arrays.

    Parameters
    ----------
    root : str
        The sweep directory.
    trial : Trial
        What to compute.
    attempt : int
        Number of this attempt, from 1.
    digest : str
        Digest that the input must have.
    planned_tag : str
        Kernel tag of the plan.
    threads, checkpoint_every, progress_every, trial_timeout, hang_grace, memory
        See `hifred.sweep.plan.options.RunOptions`.
    best_cost : float or None
        Cost of the best finished trial with the same objective, for early stop.
    isolated : bool
        Whether this runs in a process that may be ended.
    """

    root: str
    trial: Trial
    attempt: int
    digest: str
    planned_tag: str
    threads: int = 1
    checkpoint_every: float = 60.0
    progress_every: float = 2.0
    trial_timeout: float | None = None
    hang_grace: float = 30.0
    memory: ByteSize | None = None
    best_cost: float | None = None
    isolated: bool = True


class Receipt(NamedTuple):
    """The answer to the driver; the result itself lies in the trial's file."""

    trial_id: str
    attempt: int
    outcome: TrialOutcome
    seconds: float = 0.0
    advanced: bool = False
    message: str = ""
    cost: float | None = None
