"""Run a sweep: plan what is new, hand out what is open, go on after anything."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from hifred.errors import HifredError
from hifred.sweep.driver.driver import Driver
from hifred.sweep.executors.executor import Executor
from hifred.sweep.executors.inline import InlineExecutor
from hifred.sweep.executors.local import LocalExecutor
from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.plan import Trial
from hifred.sweep.plan.planning import Planned, check_plan
from hifred.sweep.plan.target import planned_in, sweep_target
from hifred.sweep.record.driver_lock import DriverLock
from hifred.sweep.record.event_log import process_log
from hifred.sweep.record.events import Cancelled, Retried, RunBegun, RunEnded
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.snapshot import Snapshot, SweepView
from hifred.sweep.watch.states import TrialHistory, fold_event
from hifred.sweep.worker.deadline import clear_stop, request_stop
from hifred.sweep.worker.guard import stop_recording_crashes
from hifred.sweep.worker.trial_work import STORAGE_ERRNOS

UNDECLARED = "no longer declared"


@final
@dataclass(frozen=True)
class RunReport:
    """What one call of `run_sweep` did.

    Parameters
    ----------
    directory : path
        The sweep directory.
    snapshot : Snapshot
        The progress at the end, of the trials that are declared now.
    n_run : int
        Attempts that were handed out.
    n_found_done : int
        Trials that had been published before.
    n_new : int
        Trials that were added to the plan.
    message : str or None
        Why it ended early.
    blocked : list of Trial
        Trials that wait for the result of one that failed.
    """

    directory: Path
    snapshot: Snapshot
    n_run: int
    n_found_done: int
    n_new: int
    message: str | None = None
    blocked: list[Trial] | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 done, 1 some trials failed, 3 incomplete."""
        if self.message is None and self.blocked and self.snapshot.n_bad:
            return 1
        return self.snapshot.exit_code


def default_workers(options: RunOptions) -> int:
    """Return how many trials this machine can run at the same time."""
    if options.workers is not None:
        return options.workers
    try:
        n_cores = len(os.sched_getaffinity(0))
    except AttributeError:
        n_cores = os.cpu_count() or 1
    return max(n_cores // options.threads, 1)


def make_executor(name: str, options: RunOptions) -> Executor:
    """Return the executor called `name`, not yet entered: ``inline`` or ``local``."""
    if name == "inline":
        return InlineExecutor()
    if name == "local":
        return LocalExecutor(default_workers(options), options.threads)
    raise HifredError(f"executor must be 'inline' or 'local'; got {name!r}.")


def run_sweep(
    target: str | Path | Declaration,
    *,
    directory: str | Path | None = None,
    executor: str | Executor = "local",
    kernel: Kernel | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
    allow_code_change: bool = False,
    options: RunOptions | None = None,
    **changes: object,
) -> RunReport:
    """Run a sweep, or go on with it: what is published is never run again.

    Parameters
    ----------
    target : path or Declaration
        A sweep directory, a ``sweep.toml`` or a declaration.
    directory : path or None
        Where to run a file or a declaration; default ``runs/<name>``.
    executor : str or Executor
        ``"local"``, ``"inline"``, or one that was made elsewhere, not yet entered.
    kernel : Kernel or None
        What the trials compute; default the fusion.
    on_change : callable or None
        Called with a snapshot of the progress now and then.
    allow_code_change : bool
        Go on with changed code under the ids of the old one; it is recorded.
    options : RunOptions or None
        Limits, checkpoints and retries; default the declared ones.
    **changes
        Any field of `RunOptions`, such as ``memory="4GiB"``, to be changed in them.

    Returns
    -------
    RunReport
        Its ``exit_code`` is 0 done, 1 some trials failed, 3 incomplete.

    Raises
    ------
    HifredError
        If the declaration or an option is wrong, code or input has changed, or
        another driver is at work.
    """
    with begun_sweep(
        target, directory, executor, kernel, allow_code_change, options, changes
    ) as begun:
        driver = begun.driver(begun.planned.declared, on_change)
        found = len(driver.published & begun.planned.declared)
        if driver.has_work():
            with begun.executor, begun.logged(lambda: driver.stop_message):
                begun.drive(driver)
        return RunReport(
            begun.root, driver.snapshot(), driver.n_run, found, begun.planned.n_new,
            driver.stop_message, driver.queue.blocked,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class BegunSweep:
    """A sweep that this process has taken up, and nobody else."""

    view: SweepView
    planned: Planned
    kernel: Kernel
    executor: Executor
    options: RunOptions

    @property
    def root(self) -> Path:
        """The sweep directory."""
        return self.view.directory.root

    def driver(
        self, trial_ids: set[str], on_change: Callable[[Snapshot], None] | None
    ) -> Driver:
        """Return a driver of some of its trials."""
        return Driver(
            self.view, trial_ids,
            kernel=self.kernel, executor=self.executor, options=self.options,
            on_change=on_change,
        )  # fmt: skip

    @contextlib.contextmanager
    def logged(self, message: Callable[[], str | None]) -> Iterator[None]:
        """Tell the log when trials began to be handed out, and why that ended."""
        log = process_log(self.view.directory.events)
        name = type(self.executor).__name__
        log.write(RunBegun(executor=name, workers=self.executor.capacity))
        yield
        log.write(RunEnded(message=message()))
        stop_recording_crashes()
        _remove_empty_crash_files(self.view.directory)

    def drive(self, driver: Driver) -> None:
        """Run a driver to its end; the executor has been entered."""
        with _stopping_on_signals(driver, self.executor):
            driver.run()


@contextlib.contextmanager
def begun_sweep(
    target: str | Path | Declaration,
    directory: str | Path | None,
    executor: str | Executor,
    kernel: Kernel | None,
    allow_code_change: bool,
    options: RunOptions | None,
    changes: Mapping[str, object],
) -> Iterator[BegunSweep]:
    """Plan a sweep and take it up; parameters and errors as those of `run_sweep`."""
    kernel = kernel or default_kernel()
    sweep, declaration = sweep_target(target, directory)
    options = (options or declaration.run).changed(changes)
    name = executor if isinstance(executor, str) else type(executor).__name__
    check_plan(sweep, declaration, kernel, allow_code_change=allow_code_change)
    sweep.create()
    with _told_as_input_error(sweep), DriverLock(sweep.lock, name):
        planned = planned_in(sweep, declaration, kernel, allow_code_change)
        clear_stop()
        made = (
            make_executor(executor, options) if isinstance(executor, str) else executor
        )
        try:
            view = _settled_view(sweep, planned)
            yield BegunSweep(view, planned, kernel, made, options)
        finally:
            process_log(sweep.events).close()
            stop_recording_crashes()


def _settled_view(sweep: SweepDirectory, planned: Planned) -> SweepView:
    view = SweepView(sweep.root)
    view.refresh()
    _settle_undeclared(view, planned.declared)
    for marker in sweep.checkpoints.glob("*.stop"):
        marker.unlink(missing_ok=True)
    return view


@contextlib.contextmanager
def _told_as_input_error(sweep: SweepDirectory) -> Iterator[None]:
    """Tell what the file system refuses in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in STORAGE_ERRNOS:
            raise
        raise HifredError(
            f"sweep directory must be writable; {error.filename or sweep.root}: "
            f"{error.strerror or error}. What is finished is safe: free it and run the "
            "same command."
        ) from error


def _settle_undeclared(view: SweepView, declared: set[str]) -> None:
    """Cancel what is planned but no longer declared; take back what is again."""
    published = view.directory.published()
    log = process_log(view.directory.events)
    for trial in view.plan.trials:
        if trial.id in published:
            continue
        history = view.histories.setdefault(trial.id, TrialHistory())
        gone = trial.id not in declared and not history.cancelled
        back = trial.id in declared and history.cancel_reason == UNDECLARED
        if not gone and not (back and history.cancelled):
            continue
        kind = Cancelled if gone else Retried
        event = kind(
            trial_id=trial.id, attempt=history.attempt,
            command=history.command + 1, reason=UNDECLARED,
        )  # fmt: skip
        log.write(event)
        fold_event(view.histories, event)


@contextlib.contextmanager
def _stopping_on_signals(driver: Driver, executor: Executor) -> Iterator[None]:
    """Stop cleanly at the first SIGINT, SIGTERM or SIGHUP; at once at the second."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, frame: object) -> None:
        if driver.stop_message is not None:
            raise KeyboardInterrupt
        if not executor.isolated:
            request_stop(f"got {signal.Signals(number).name}")
        driver.stop(f"stopped by {signal.Signals(number).name}")

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _remove_empty_crash_files(sweep: SweepDirectory) -> None:
    for path in sweep.events.glob("*.crash"):
        with contextlib.suppress(OSError):
            if path.stat().st_size == 0:
                path.unlink()
