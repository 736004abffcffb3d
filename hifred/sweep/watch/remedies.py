"""What to do about trials that ended badly, a line for each state."""

from collections.abc import Mapping
from pathlib import Path

from hifred.sweep.watch.snapshot import Snapshot
from hifred.sweep.watch.states import TrialState

PAGE = '"What failed, and what to do" in the documentation tells more'
# What the page says of each, in one line; DIR is the sweep.
REMEDIES: Mapping[TrialState, str] = {
    TrialState.FAILED: "an exception, which would come again; read it: "
    "hifred show DIR ID --error, mend the cause, then: hifred retry DIR",
    TrialState.DIVERGED: "a value became infinite; look for extreme counts, areas or "
    'backgrounds; with solver = "paper" lower step_size',
    TrialState.TIMEOUT: "no end within trial_timeout or the job's; give more of "
    "either, or threads, then: hifred retry DIR --state timeout",
    TrialState.OOM: "the memory was too little, also when doubled; "
    "hifred retry DIR --state oom --memory 16GiB",
    TrialState.LOST: "workers ended without a word; the events name what is known: "
    "hifred show DIR ID --log, then: hifred retry DIR --state lost",
}


def remedies(snapshot: Snapshot, directory: Path) -> list[str]:
    """Return what to do about each bad state that trials of `snapshot` are in."""
    lines = [
        f"{state}: {remedy.replace('DIR', str(directory))}"
        for state, remedy in REMEDIES.items()
        if snapshot.counts.get(state, 0)
    ]
    return [*lines, PAGE] if lines else []
