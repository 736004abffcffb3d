"""What a sweep says about its own choice: at the edge, noise fitted, not converged."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np

from hifred.measures.names import measure_name
from hifred.store.neighbours import line_through
from hifred.store.ranking import merits, recommended, scores
from hifred.store.trial_table import TrialTable

# Settings of the solve, not of the sky: their edge says nothing about the grid.
NOT_OF_THE_SKY = {"seed", "tolerance", "max_iterations", "margin_pixels",
                  "margin_channels"}  # fmt: skip
# A fit takes up some noise with each free number that it has, and of the largest data
# sets a small share is many standard deviations: both limits must be passed.
NOISE_SIGMAS, NOISE_SHARE = -5.0, 0.05
LEFT_SIGMAS, LEFT_SHARE = 5.0, 0.02


class Level(StrEnum):
    """How much a verdict asks of the reader."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


@final
@dataclass(frozen=True)
class Verdict:
    """One sentence about a model's trials, and what to do.

    Parameters
    ----------
    kind : str
        ``recommended``, ``edge``, ``noise_fitted``, ``over_smoothed``, ``residual``,
        ``unconverged``, ``failed``, ``waiting``, ``no_result`` or ``draws``.
    level : Level
    model : str
        Whose trials.
    text : str
        What was found.
    advice : str
        What to do; empty if nothing.
    trial : str
        The trial it is about; empty if it is about several.
    """

    kind: str
    level: Level
    model: str
    text: str
    advice: str = ""
    trial: str = ""

    @property
    def sentence(self) -> str:
        """What was found and what to do, in one line."""
        return f"{self.text} {self.advice}".strip()


def sweep_verdicts(table: TrialTable) -> list[Verdict]:
    """Return what can be said of each model, the choice first.

    Parameters
    ----------
    table : TrialTable
        All trials of the sweep, those without a result included.
    """
    return [
        verdict
        for model in table.models
        for verdict in model_verdicts(table.select({"model": model}), model)
    ]


def model_verdicts(table: TrialTable, model: str) -> list[Verdict]:
    """Return what can be said of the trials of one model, the choice first."""
    choice = recommended(table, model)
    if choice is None:
        return [_no_result(table, model)]
    head = _choice(table, model, choice.trial, choice.by)
    about = itertools.chain(
        edge_verdicts(table, model, choice.trial, choice.by),
        misfit_verdicts(table, model, choice.trial),
        _unconverged(table, model, choice.trial),
        _failures(table, model),
    )
    return [head, *about]


def _choice(table: TrialTable, model: str, trial: str, by: str) -> Verdict:
    score = scores(table, by)[table.trials.index(trial)]
    n_done = int(table.is_done.sum())
    text = (
        f"Take {table.label(trial)}: the best of {n_done} by {measure_name(by)} "
        f"({score:.4g})."
    )
    return Verdict("recommended", Level.GOOD, model, text, "", trial)


def _no_result(table: TrialTable, model: str) -> Verdict:
    counts = table.frame["status"].value_counts()
    states = ", ".join(f"{number} {state}" for state, number in counts.items())
    if table.is_done.any():
        text = f"No trial of {model} was measured ({states})."
        return Verdict("no_result", Level.FAULT, model, text)
    reason = _commonest_message(table)
    text = f"No trial of {model} has a result ({states})."
    if set(counts.index) <= {"pending", "submitted", "running"}:
        return Verdict("no_result", Level.NOTE, model, text, "Run it, then collect.")
    advice = f"First: {reason}" if reason else "See `hifred list --state failed`."
    return Verdict("no_result", Level.FAULT, model, text, advice)


def edge_verdicts(
    table: TrialTable, model: str, trial: str, by: str
) -> Iterator[Verdict]:
    """Yield the settings whose best value is the first or last that was tried."""
    for name in table.swept():
        here = table.setting(trial, name)
        line = line_through(table, trial, name)
        numbers = sorted(key for key in line if isinstance(key, float))
        is_edge = len(numbers) > 1 and here in (numbers[0], numbers[-1])
        if name in NOT_OF_THE_SKY or not is_edge:
            continue
        inner = numbers[-2] if here == numbers[-1] else numbers[1]
        yield _edge(table, model, trial, by=by, name=name, inner=(inner, line[inner]))


def _edge(
    table: TrialTable,
    model: str,
    trial: str,
    *,
    by: str,
    name: str,
    inner: tuple[float, str],
) -> Verdict:
    here = float(table.setting(trial, name) or 0.0)
    side = "largest" if here > inner[0] else "smallest"
    merit = dict(zip(table.trials, merits(table, by), strict=True))
    gain = merit[trial] - merit[inner[1]]
    told = f"; the last step gained {gain:.2g}" if np.isfinite(gain) else ""
    text = f"{name} = {here:.4g} is the {side} that was tried{told}."
    beyond = _beyond(name, here, inner[0])
    advice = f"Extend {name} to {beyond:.4g}." if beyond is not None else ""
    level = Level.WARNING if advice else Level.NOTE
    return Verdict("edge", level, model, text, advice, trial)


def _beyond(name: str, here: float, inner: float) -> float | None:
    """Return the value one more step of the same ratio away; None if there is none."""
    if here <= 0 or inner <= 0:
        return None
    beyond = here * here / inner
    if name != "rank":
        return beyond
    whole = float(round(beyond))
    return whole if whole >= 1 and whole != here else None


def misfit_verdicts(table: TrialTable, model: str, trial: str) -> Iterator[Verdict]:
    """Yield whether noise was fitted, or structure of the data is left over."""
    misfits = instrument_misfits(table, trial)
    words = ", ".join(
        f"{name} {sigma:+.1f} σ ({-share:+.1%})"
        for name, (sigma, share) in misfits.items()
    )
    if _is_noise_fitted(misfits) and not _is_strength_automatic(table, trial):
        yield Verdict(
            "noise_fitted",
            Level.WARNING,
            model,
            f"Noise was fitted: every instrument is met too closely, {words}.",
            "Try a larger mu or a smaller rank.",
            trial,
        )
    if any(
        sigma > LEFT_SIGMAS and -share > LEFT_SHARE for sigma, share in misfits.values()
    ):
        yield Verdict(
            "over_smoothed",
            Level.WARNING,
            model,
            f"Structure of the data is left over, {words}: smoothed away, or not in "
            "the model.",
            "Try a smaller mu or a larger rank; look at the residuals.",
            trial,
        )


def _is_noise_fitted(misfits: Mapping[str, tuple[float, float]]) -> bool:
    return bool(misfits) and all(
        sigma < NOISE_SIGMAS and share > NOISE_SHARE
        for sigma, share in misfits.values()
    )


def _is_strength_automatic(table: TrialTable, trial: str) -> bool:
    """Return whether the counts chose mu: for the least error, fitted noise included.

    Few spectra of few pixels take up a share of the noise even then.
    """
    return table.setting(trial, "mu") == "auto"


def instrument_misfits(table: TrialTable, trial: str) -> dict[str, tuple[float, float]]:
    """Return, by instrument, misfit in standard deviations and share of noise fitted.

    The share is that of the expected deviance which the fit has taken up; negative
    where the data deviate more than noise does.
    """
    row = table.frame.loc[trial]
    start = "deviance_sigma_"
    names = [str(n).removeprefix(start) for n in row.index if str(n).startswith(start)]
    misfits = {}
    for name in names:
        sigma, expected = row[start + name], row[f"deviance_expected_{name}"]
        if np.isfinite(sigma):
            share = 1.0 - row[f"deviance_{name}"] / expected
            misfits[name] = (float(sigma), float(share))
    return misfits


def _unconverged(table: TrialTable, model: str, trial: str) -> Iterator[Verdict]:
    if "outcome" not in table.frame:
        return
    outcomes = table.frame["outcome"][table.is_done].astype(str).str.lower()
    unconverged = outcomes[~outcomes.isin(["converged", ""])]
    if not len(unconverged):
        return
    counts = Counter(unconverged.str.replace("_", " ")).most_common()
    words = ", ".join(f"{number} {outcome}" for outcome, number in counts)
    is_choice = trial in unconverged.index
    yield Verdict(
        "unconverged",
        Level.WARNING if is_choice else Level.NOTE,
        model,
        f"{len(unconverged)} of {len(outcomes)} trials ended before the tolerance "
        f"({words}){', this choice too' if is_choice else ''}.",
        "Raise max_iterations, or loosen tolerance, and run again.",
        trial if is_choice else "",
    )


def _failures(table: TrialTable, model: str) -> Iterator[Verdict]:
    states = table.frame["status"][~table.is_done]
    failed = states[~states.isin(["pending", "submitted", "running"])]
    waiting = len(states) - len(failed)
    if len(failed):
        counts = failed.value_counts()
        words = ", ".join(f"{number} {state}" for state, number in counts.items())
        reason = _commonest_message(table)
        advice = f"Most often: {reason}" if reason else ""
        text = f"{words} of {len(table)} trials."
        yield Verdict("failed", Level.WARNING, model, text, advice)
    if waiting:
        text = f"{waiting} of {len(table)} trials are still to be run."
        yield Verdict("waiting", Level.NOTE, model, text, "The choice may change.")


def _commonest_message(table: TrialTable) -> str:
    if "message" not in table.frame:
        return ""
    messages = table.frame["message"][~table.is_done]
    counts = Counter(str(message) for message in messages if str(message))
    return counts.most_common(1)[0][0] if counts else ""
