"""Why two observations disagree: causes fitted against each other, the best named."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize

from hifred.observations.response_check.hypotheses import Hypothesis, Pair, hypotheses
from hifred.observations.response_check.misfit import Change, Misfit

# A further cause must lower chi-squared by so much, and is looked for only where there
# is more left than so many times the number of values.
LEAST_GAIN = 25.0
ENOUGH = 10.0
# Of causes that explain nearly as much as the best one, the simplest is named.
NEARLY = 0.99
MOST_CAUSES = 3
# How far each number usually moves.
STEPS = {
    "log_scale": 0.1, "dy": 1.0, "dx": 1.0, "angle": 0.1, "log_zoom": 0.1, "blur": 1.0,
    "tilt": 0.1, "bend": 0.1, "shift_kev": 0.01, "gain": 0.01, "spread": 1.0,
}  # fmt: skip
# Of such a step, for derivatives.
DIFFERENCE = 0.02


@dataclass(frozen=True)
class Explanation:
    """One thing that would explain why two observations disagree.

    Parameters
    ----------
    imager, spectrometer : str
    name : str
        Such as ``"rotation"``.
    sentence : str
        What fits, and where to look.
    share : float
        How much of the misfit beyond noise it takes away, with the causes before it.
    """

    imager: str
    spectrometer: str
    name: str
    sentence: str
    share: float

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


def explain(misfit: Misfit, pair: Pair) -> tuple[Explanation, ...]:
    """Return the causes of a disagreement, the one that explains most first.

    Each is fitted alone; what the best one leaves over is explained, if it is worth
    it, by another one fitted together with it. Empty if none makes it any better.

    Parameters
    ----------
    misfit : Misfit
    pair : Pair
    """
    candidates, fit = hypotheses(pair), Fit(Change(), misfit.chi_squared(Change()), ())
    too_much = max(fit.chi_squared - misfit.n_values, 1.0)
    start = fit.chi_squared
    found: list[Explanation] = []
    while candidates and len(found) < MOST_CAUSES:
        fits = [_fitted(misfit, hypothesis, fit) for hypothesis in candidates]
        best = _best(candidates, fits, fit.chi_squared)
        hypothesis, gain = (
            candidates.pop(best),
            fit.chi_squared - fits[best].chi_squared,
        )
        price = np.log(misfit.n_values) * len(hypothesis.free)  # Schwarz (1978)
        enough = found and fit.chi_squared < ENOUGH * misfit.n_values
        if enough or gain - price <= LEAST_GAIN * len(found):
            break
        fit = fits[best]
        share = min((start - fit.chi_squared) / too_much, 1.0)
        names = (pair.imager, pair.spectrometer, hypothesis.name)
        found.append(Explanation(*names, hypothesis.sentence(fit.change, pair), share))
    return tuple(found)


@dataclass(frozen=True)
class Fit:
    """A change that was fitted, its chi-squared, and which of its numbers are free."""

    change: Change
    chi_squared: float
    free: tuple[str, ...]


def _best(candidates: list[Hypothesis], fits: list[Fit], now: float) -> int:
    """Return the index of the simplest of those that explain nearly most."""
    gains = np.array([now - fit.chi_squared for fit in fits])
    sizes = np.array([len(hypothesis.free) for hypothesis in candidates])
    sizes = np.where(gains >= NEARLY * gains.max(), sizes, sizes.max() + 1)
    return int(np.lexsort((-gains, sizes))[0])


def _fitted(misfit: Misfit, hypothesis: Hypothesis, before: Fit) -> Fit:
    """Return the best fit of a hypothesis, with the causes before it."""
    base = replace(before.change, **hypothesis.fixed)
    names = tuple(dict.fromkeys(before.free + hypothesis.free))
    if not names:
        return Fit(base, misfit.chi_squared(base), names)
    started = [base.moved(hypothesis.free, np.array(s)) for s in hypothesis.starts]
    nearest = min(started or [base], key=misfit.chi_squared)
    steps = np.array([STEPS[name] for name in names])

    def residuals(values: np.ndarray) -> np.ndarray:
        return misfit.residuals(nearest.moved(names, values * steps))

    def slopes(values: np.ndarray) -> np.ndarray:
        shifts = DIFFERENCE * np.eye(len(values))
        sides = [(residuals(values + h), residuals(values - h)) for h in shifts]
        return np.stack([(up - down) / (2 * DIFFERENCE) for up, down in sides], axis=1)

    first = np.array([getattr(nearest, name) for name in names]) / steps
    solved = scipy.optimize.least_squares(residuals, first, slopes, max_nfev=30)
    fitted = nearest.moved(names, solved.x * steps)
    best = min((fitted, nearest), key=misfit.chi_squared)
    return Fit(best, misfit.chi_squared(best), names)
