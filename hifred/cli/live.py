"""The live view of a sweep in the terminal."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hifred.cli.output import STATE_STYLE, duration, plain_text
from hifred.cli.plain_speech import harmless
from hifred.sweep.watch.snapshot import Running, Snapshot, SweepView

MAX_RUNNING = 12
PLAIN_SECONDS = 15.0


def render(snapshot: Snapshot) -> RenderableType:
    """Return a snapshot as a few lines: a bar, counts, running trials, errors."""
    parts: list[RenderableType] = [_head(snapshot), _counts(snapshot)]
    if snapshot.running:
        parts.append(_running_table(snapshot.running))
    parts += [
        Text(harmless(f"{number} x {message[:160]}"), style="red")
        for message, number in snapshot.errors
    ]
    parts += [
        Text(harmless(f"recovered: {number} x {message[:160]}"), style="yellow")
        for message, number in snapshot.recovered
    ]
    return Group(*parts)


def _head(snapshot: Snapshot) -> Table:
    line = Table.grid(padding=(0, 1))
    n_done = snapshot.counts["done"]
    eta = snapshot.eta_seconds
    left = "" if eta is None else f"about {duration(eta)} left"
    pace = snapshot.seconds_per_trial
    line.add_row(
        Text(snapshot.name, style="bold"),
        ProgressBar(max(snapshot.n_trials, 1), n_done, width=30),
        f"{n_done}/{snapshot.n_trials}",
        "" if pace is None else f"{duration(pace)} a trial",
        left,
    )
    return line


def _counts(snapshot: Snapshot) -> Text:
    text = Text()
    for state, number in snapshot.counts.items():
        if number:
            text.append(f"{number} {state}  ", style=STATE_STYLE[state])
    text.append(
        "nobody is at work" if snapshot.driver is None else f"by {snapshot.driver}",
        style="dim",
    )
    return text


def _running_table(running: list[Running]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("running", "model", "host", "iteration", "cost", "done", "time"):
        table.add_column(name)
    for trial in running[:MAX_RUNNING]:
        fraction = trial.fraction
        table.add_row(
            trial.id, trial.model, trial.host, plain_text(trial.iteration),
            plain_text(trial.cost), "-" if fraction is None else f"{fraction:.0%}",
            "-" if trial.seconds is None else duration(trial.seconds),
        )  # fmt: skip
    if len(running) > MAX_RUNNING:
        table.add_row(f"and {len(running) - MAX_RUNNING} more")
    return table


def one_line(snapshot: Snapshot) -> str:
    """Return a snapshot as one line, for logs."""
    counts = ", ".join(f"{n} {state}" for state, n in snapshot.counts.items() if n)
    eta = snapshot.eta_seconds
    left = "" if eta is None else f"; about {duration(eta)} left"
    return f"{snapshot.name}: {counts} of {snapshot.n_trials}{left}"


@final
class LiveView:
    """Shows the latest snapshot; a line now and then where there is no terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Show `snapshot` in place of the one before."""
        if self._console.is_terminal:
            self._live.update(render(snapshot))
        elif time.monotonic() - self._told_at > PLAIN_SECONDS:
            self._told_at = time.monotonic()
            print(one_line(snapshot), file=sys.stderr, flush=True)


@contextlib.contextmanager
def live_view(*, quiet: bool) -> Iterator[Callable[[Snapshot], None] | None]:
    """Give a function that shows snapshots, or None when `quiet`."""
    if quiet:
        yield None
        return
    with LiveView() as view:
        yield view.show


def watch(view: SweepView, seconds: float = 1.0) -> Snapshot:
    """Show a sweep until nothing is left to do or nobody is at work."""
    with LiveView() as live:
        while True:
            snapshot = view.snapshot()
            live.show(snapshot)
            if snapshot.driver is None or not snapshot.n_open:
                return snapshot
            time.sleep(seconds)
