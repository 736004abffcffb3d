"""Whether a draw is the minimum that it stands for: ``python -m benchmarks.refits``.

A draw takes some Newton steps from the fit. In the middle of ten skies one draw is held
to a full solution of the same disturbed problem, which starts where fits start and goes
on until nothing changes: their root mean square distance over that of the standard
errors, of bands, of 3 x 3 pixels and of voxels. Then to what the interior point finds
behind a hard wall at zero, where draws have a soft one.
"""

import argparse
import copy
from collections.abc import Sequence
from dataclasses import replace
from unittest import mock

import numpy as np

from benchmarks.coverage import READ
from benchmarks.skies import Sky, observed, skies
from hifred.functionals.poisson import PoissonLikelihood
from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler
from hifred.posterior.coverage import Coverage
from hifred.solvers import nearby_minimum
from hifred.solvers.hessian_parts import HessianParts
from hifred.solvers.interior_point import InteriorPoint
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.nearby_minimum import NearbyMinimum
from hifred.solvers.solver import solve
from hifred.threads import use_threads

MODELS = ("gaussian_1kev_rebinned", "realistic_1kev_rebinned")
SETTINGS = {"regularizer": "guided"}
# Of the solutions, and of the fit: draws lie around its minimum.
TOLERANCE = 3e-5
# Of full solutions behind the soft wall of draws.
FULL = {"LAST_STEP": 1e-3, "STEP_TOLERANCE": 1e-3, "MOST_STEPS": 300}
# From which standard errors are taken, beside the one that is solved.
DRAWS = 8
LARGEST = 0.05


class TiltedInteriorPoint(InteriorPoint):
    """The interior point of an objective less a linear function of its images."""

    def __init__(self, problem: LowRankProblem, tilt: np.ndarray) -> None:
        super().__init__(problem, tolerance=TOLERANCE)
        self._level, self._tilt = InteriorPoint(problem), tilt

    def _penalty_product(self, images: np.ndarray) -> np.ndarray:
        return self._level._penalty_product(images) - self._tilt

    def _parts(self, weights: Sequence[np.ndarray]) -> HessianParts:
        # Of curvature the tilt has none.
        return self._level._parts(weights)


def cases() -> list[Sky]:
    """Return the middle of two scenes, and of two models of two seeds and counts."""
    models = [
        replace(sky, name=f"{sky.name}, counts x {share:g}", share=share)
        for share in (0.1, 1.0)
        for sky in skies([], MODELS, [1, 2])
    ]
    return [replace(sky, side=27) for sky in models + skies(None, [], [])]


def distances(sky: Sky) -> dict[str, dict[str, float]]:
    """Return how far a draw is from each full solution, in standard errors."""
    observations, truth = observed(sky)
    result = fuse(observations, FusionSettings(**SETTINGS, tolerance=TOLERANCE))
    sampler = Sampler(result, observations)
    coverage = Coverage(truth, result["energy_edges"].to_numpy())
    disturbed = [_disturbed(sampler, i_draw) for i_draw in range(DRAWS + 1)]
    drawn = [sampler._nearby.minimum(*d) for d in disturbed]
    found, *others = [_read(sampler, coverage, images) for images in drawn]
    # As far from the hard wall as the fit is.
    pushed = _read(sampler, coverage, drawn[0] + sampler._pushed)
    errors = {name: np.std([o[name] for o in others], axis=0, ddof=1) for name in READ}
    soft = _read(sampler, coverage, _settled(sampler._nearby, *disturbed[0]))
    problem = sampler._nearby.problem
    hard = _read(sampler, coverage, _solved(problem, *disturbed[0]))
    return {
        kind: {n: _rms(got[n] - wanted[n]) / _rms(errors[n]) for n in READ}
        for kind, got, wanted in (("soft", found, soft), ("hard", pushed, hard))
    }


def _disturbed(sampler: Sampler, i_draw: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the tilt and the counts of a draw."""
    rng = np.random.default_rng([0, i_draw])
    unseen = sampler._unseen.draw(rng)
    return sampler._disturbed(rng, sampler._unseen.expected_counts(unseen))


def _settled(
    nearby: NearbyMinimum, tilt: np.ndarray, counts: list[np.ndarray]
) -> np.ndarray:
    """Return the minimum (component, pixel) behind the wall of draws."""
    start = nearby.problem.start
    cold = copy.copy(nearby)
    cold._start = nearby._place(start.reshape(len(start), -1))
    with mock.patch.multiple(nearby_minimum, **FULL):
        return cold.minimum(tilt, counts)


def _solved(
    problem: LowRankProblem, tilt: np.ndarray, counts: list[np.ndarray]
) -> np.ndarray:
    """Return the minimum (component, pixel) behind a hard wall."""
    named = zip(problem.likelihoods.items(), counts, strict=True)
    likelihoods = {
        name: PoissonLikelihood(
            old.response, new.reshape(old.counts.shape), old.background, old.mask
        )
        for (name, old), new in named
    }
    solver = TiltedInteriorPoint(replace(problem, likelihoods=likelihoods), tilt)
    return solve(solver, solver.start()).images


def _read(
    sampler: Sampler, coverage: Coverage, images: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what is read from the cube of scaled images (component, pixel)."""
    seen = images.reshape(sampler._images.shape) * sampler._subspace.units
    return coverage.read(np.tensordot(sampler._subspace.basis, seen, axes=1))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _line(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in shares.items())


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, draw and solve every case, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    given = parser.parse_args(arguments)
    n_near = 0
    chosen = [sky for sky in cases() if given.only in sky.name]
    with use_threads(1):
        for sky in chosen:
            found = distances(sky)
            n_near += max(found["soft"].values()) <= LARGEST
            print(f"{sky.name}: {_line(found['soft'])}", end="")
            print(f"; a hard wall: {_line(found['hard'])}", flush=True)
    print(f"{n_near} of {len(chosen)} within {LARGEST} standard errors")


if __name__ == "__main__":
    main()
