"""What a sweep says at its end: what to do, and what to choose."""

from hifred.cli.output import print_verdicts
from hifred.cli.plain_speech import say
from hifred.selection.verdicts import sweep_verdicts
from hifred.sweep.watch.collecting import finished_table
from hifred.sweep.watch.remedies import remedies
from hifred.sweep.watch.snapshot import Snapshot, SweepView

# Reading the files of more takes seconds.
MOST_JUDGED = 2000


def print_outcome(view: SweepView, snapshot: Snapshot) -> None:
    """Say what to do about what ended badly, and what the rest say of the choice."""
    directory = view.directory.root
    for line in remedies(snapshot, directory):
        say(line, err=True)
    n_done = snapshot.counts["done"]
    if snapshot.n_open or not n_done:
        return
    if n_done > MOST_JUDGED:
        say(f"what to choose: hifred collect {directory}, then hifred best {directory}")
    else:
        print_verdicts(sweep_verdicts(finished_table(view)))
