"""A search through a declared grid: some of its trials, each chosen from those done."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from hifred.errors import HifredError
from hifred.selection.search import SearchSpace
from hifred.store.held_out_rank import BOTH
from hifred.store.ranking import criteria_of, merits, ranked_trials
from hifred.store.trial_table import TrialTable
from hifred.sweep.driver.run import BegunSweep, begun_sweep
from hifred.sweep.executors.executor import Executor
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.plan.grid_search import Search
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.plan.plan import Trial
from hifred.sweep.watch.collecting import finished_table
from hifred.sweep.watch.snapshot import Snapshot
from hifred.sweep.watch.states import OPEN_STATES, TrialHistory

SHARE = 0.25
FEWEST = 8
# How often a search looks at scores, at least: fewer steps miss the best.
STEPS = 8


@final
@dataclass(frozen=True)
class TuneReport:
    """What a search found.

    Parameters
    ----------
    directory : path
        The sweep directory.
    by : str or None
        The measure; None = nothing was measured.
    best : mapping
        Model to the id of its best trial.
    scores : mapping
        Model to the measure of that trial.
    n_done, n_declared : int
        Trials of the grid that are done now, and all of it.
    n_run : int
        Attempts that this call handed out.
    snapshot : Snapshot
        The state of the trials that the search chose.
    message : str or None
        Why it ended early.
    """

    directory: Path
    by: str | None
    best: dict[str, str]
    scores: dict[str, float]
    n_done: int
    n_declared: int
    n_run: int
    snapshot: Snapshot
    message: str | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 done, 1 some trials failed, 3 it was stopped."""
        return 3 if self.message else int(self.snapshot.n_bad > 0)


def tune_sweep(
    target: str | Path | Declaration,
    search: Search = Search(),  # noqa: B008 (frozen)
    *,
    directory: str | Path | None = None,
    executor: str | Executor = "local",
    kernel: Kernel | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
    allow_code_change: bool = False,
    options: RunOptions | None = None,
    **changes: object,
) -> TuneReport:
    """Find the best trial of each model's grid without computing all of it.

    Every step lets as many trials run as there are workers, at most an eighth of those
    granted, where the scores so far make one expect the largest improvement (a Gaussian
    process over the grid, asked through Optuna). They are trials of the sweep like any
    other: a search that was killed goes on from those that are done, and `run_sweep`
    computes the rest.

    Parameters
    ----------
    target, directory, executor, kernel, on_change, allow_code_change, options
        As in `run_sweep`.
    search : Search
        Score, number of trials and seed.
    **changes
        Any field of `RunOptions`.

    Raises
    ------
    HifredError
        As `run_sweep` would; or if the measure is unknown, ranks trials only against
        each other, or trials start from each other's results.
    """
    with begun_sweep(
        target, directory, executor, kernel, allow_code_change, options, changes
    ) as begun:
        tuning = _Tuning(begun, search, on_change)
        if first := tuning.first():
            with begun.executor, begun.logged(lambda: tuning.message):
                tuning.run(first)
        return tuning.report()


@final
@dataclass
class _Tuning:
    begun: BegunSweep
    search: Search
    on_change: Callable[[Snapshot], None] | None
    message: str | None = None
    n_run: int = 0
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan, declared = self.begun.planned.plan, self.begun.planned.declared
        self.trials = [trial for trial in plan.trials if trial.id in declared]
        if any(trial.after is not None for trial in self.trials):
            raise HifredError(
                "a search must be free to choose trials; those of a grid with "
                "warm_start need each other. Leave warm_start out, or run it whole."
            )
        states, histories = self.begun.view.states(), self.begun.view.histories
        by_model: dict[str, list[Trial]] = {}
        for trial in self.trials:
            if not histories.get(trial.id, TrialHistory()).cancelled:
                by_model.setdefault(trial.model, []).append(trial)
        self.spaces = {
            model: SearchSpace({t.id: {**t.settings, "seed": t.seed} for t in trials})
            for model, trials in by_model.items()
        }
        self.known = {t.id for t in self.trials if states[t.id] not in OPEN_STATES}

    def first(self) -> list[str]:
        """Return the trials to begin with: those that were begun before, if any.

        A search that was killed had chosen them: without them it would choose others.
        """
        begun = [
            trial_id
            for space in self.spaces.values()
            for trial_id in self._begun(space)[: max(self._n_left(space), 0)]
        ]
        return begun or self.chosen()

    def _begun(self, space: SearchSpace) -> list[str]:
        histories = self.begun.view.histories
        return [
            trial_id
            for trial_id in space.places
            if trial_id not in self.known
            and trial_id in histories
            and histories[trial_id].place is not None
        ]

    def run(self, chosen: list[str]) -> None:
        """Run and choose until the trials that were granted are used up."""
        while chosen:
            self.known |= set(chosen)
            driver = self.begun.driver(set(self.known), self.on_change)
            self.begun.drive(driver)
            self.n_run += driver.n_run
            self.message = driver.stop_message
            chosen = [] if self.message else self.chosen()

    def chosen(self) -> list[str]:
        """Return the trials to compute next, of all models together."""
        table = self._table()
        return [
            trial_id
            for space in self.spaces.values()
            for trial_id in space.suggest(
                self._merits(table, space.places),
                self._n_next(space),
                self.search.search_seed,
            )
        ]

    def _n_next(self, space: SearchSpace) -> int:
        n_steps = self._granted(space) // STEPS
        room = min(self.begun.executor.capacity // len(self.spaces), n_steps)
        return min(max(room, 1), self._n_left(space))

    def _granted(self, space: SearchSpace) -> int:
        if self.search.trials is not None:
            return self.search.trials
        return max(math.ceil(SHARE * len(space.places)), FEWEST)

    def _n_left(self, space: SearchSpace) -> int:
        n_known = sum(trial_id in self.known for trial_id in space.places)
        return self._granted(space) - n_known

    def _table(self) -> TrialTable:
        return finished_table(self.begun.view)

    def _merits(self, table: TrialTable, ids: Iterable[str]) -> dict[str, float]:
        """Return the merits of the trials that were chosen, NaN without a result."""
        by = self._measure(table)
        done = table.take(table.is_done)
        values = [] if by is None else merits(done, by).tolist()
        found = dict(zip(done.trials, values, strict=by is not None))
        return {i: found.get(i, math.nan) for i in ids if i in self.known}

    def _measure(self, table: TrialTable) -> str | None:
        if self.search.by == BOTH:
            raise HifredError(
                f"by must be a score that one trial has alone; got {BOTH!r}, which "
                "ranks trials against each other. Take 'held_out_error'."
            )
        names = [n for n in criteria_of(table.take(table.is_done)) if n != BOTH]
        if self.search.by is None or not names:
            return names[0] if names else None
        return self.search.by

    def report(self) -> TuneReport:
        """Return what was found."""
        table = self._table()
        by = self._measure(table)
        best: dict[str, str] = {}
        for model in self.spaces if by else ():
            ids = ranked_trials(table.select({"model": model}), by)
            best |= {model: ids[0]} if ids else {}
        measured = {} if by is None else table.frame[by]
        scores = {model: float(measured[best[model]]) for model in best}
        snapshot = self.begun.driver(self.known, None).snapshot()
        done = self.begun.view.directory.published()
        return TuneReport(
            self.begun.root, by, best, scores, sum(t.id in done for t in self.trials),
            len(self.trials), self.n_run, snapshot, self.message,
        )  # fmt: skip
