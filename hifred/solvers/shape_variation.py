r"""How much the shape of spectra changes between neighbours, learnt from the counts.

Empirical Bayes with the prior

.. math:: p(W) \propto \exp \big( -\tfrac12 \, \mathrm{tr}\, C^{-1} W Q W^T \big)

with the Hessian ``Q`` of `hifred.functionals.shape_differences` of strength 1/2, and
counts that are taken as normal. Under the most probable covariance ``C`` of the
components a random sky, counted and fitted as the real one, has a fit that varies as
much:

.. math:: S = \hat W Q \hat W^T, \qquad R = \langle \hat W_r Q \hat W_r^T \rangle,
    \qquad S = R

with the fit :math:`\hat W` of the counts, and those of random skies, with random noise.
As long as they differ, ``C`` is replaced by the positive solution of

.. math:: C' \, (C^{-1} R \, C^{-1}) \, C' = S

which never lowers the likelihood (minorise and maximise: Zhou, Hu, Qiao & Wang 2019,
J. Comput. Graph. Stat. 28, 350). Where the counts say little of a component, both fits
are small, and their ratio is as well known as the counts allow; expectation
maximisation adds what the counts leave open to what is fitted, so that there the errors
of the former, of draws and of linear solves, rule.

At last the covariance as a whole is made smaller or larger until the expected counts
have the smallest error, as `hifred.solvers.unbiased_risk` estimates it from the counts.

The recipe is fixed, so that the objective depends on the counts alone, and not on where
or how often a solve was started.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.normal_counts import NormalCounts
from hifred.solvers.unbiased_risk import UnbiasedRisk, least_risk
from hifred.transforms.mirror import bright_side_first

# Rounds of the covariance, for each estimate of the variances of the counts: those of
# the mean spectrum, then those of the images found.
ROUNDS = (8, 4)
# Random skies; the risk is told by other noise than the covariance was learnt with.
SKIES, SEED, NOISE_SEED, RISK_SEED = 4, 0, 1, 2
# With 1e-2 velocities of lines err by 5 % more on a toy model.
CG_TOLERANCE = 1e-3
# The expected counts of the images found are kept above this share of those of the
# mean spectrum: nothing keeps a normal estimate positive.
SMALLEST_SHARE = 0.1
# All expected counts are kept above this share of the mean count.
SMALLEST_EXPECTED = 1e-3
# Variances of the directions are kept above this share of the largest.
SMALLEST_VARIANCE = 1e-10


@final
@dataclass(frozen=True)
class ShapeVariation:
    """What neighbouring spectra differ by.

    Attributes
    ----------
    covariance : (component, component) array
        Of images in units of what `ShapeDifferences` of strength 1/2 expects.
    """

    covariance: np.ndarray

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return principal directions (component, direction) and their spreads."""
        variances, directions = _principal(self.covariance)
        order = slice(None, None, -1)
        return directions[:, order], np.sqrt(variances[order])

    @property
    def precision(self) -> np.ndarray:
        """Return the inverse of the covariance, (component, component)."""
        return _power(self.covariance, -1)


def learn_variation(
    terms: Sequence[CountsTerm],
    mean_images: np.ndarray,
    guide: np.ndarray,
    variances: np.ndarray,
) -> tuple[ShapeVariation, np.ndarray]:
    """Return the covariance that describes the counts best, and images found with it.

    Parameters
    ----------
    terms : sequence of CountsTerm
        Of images (component, pixel), in an order that does not change.
    mean_images : (component, y, x) array
        Mean spectrum times brightness.
    guide : (y, x) array
        The brightness, above zero.
    variances : (component,) array
        A first guess of the diagonal of the covariance.

    Returns
    -------
    variation : ShapeVariation
    images : (component, pixel) array
        As counts that are taken as normal expect them.
    """
    flat = mean_images.reshape(len(mean_images), -1)
    first = [_raised(term, term.expected(flat)) for term in terms]
    differences = ShapeDifferences(0.5, guide)
    skies = _random_skies(guide, len(flat))
    guess, expected = np.diag(variances), first
    variation = ShapeVariation(guess)
    for rounds in ROUNDS:
        counts = NormalCounts(terms, expected, flat)
        learner = _Learner(counts, differences, skies, guess)
        for _ in range(rounds):
            variation = learner.next(variation)
        expected = [
            np.maximum(term.expected(learner.images), SMALLEST_SHARE * m)
            for term, m in zip(terms, first, strict=True)
        ]
    return learner.with_strength(variation), learner.images


@final
class _Learner:
    """Fits of the counts, and of random skies, round by round."""

    def __init__(
        self,
        counts: NormalCounts,
        differences: ShapeDifferences,
        skies: np.ndarray,
        first: np.ndarray,
    ) -> None:
        self._counts, self._differences = counts, differences
        self._skies, self._first = skies, first
        rng = np.random.default_rng(NOISE_SEED)
        self._noise = [counts.draw(rng) for _ in skies]
        # Each solve starts from that of the round before.
        self._change = np.zeros_like(counts.source)
        self._fits = [self._change] * len(skies)

    @property
    def images(self) -> np.ndarray:
        """Return the images (component, pixel) of the last round."""
        return np.asarray(self._counts.plain + self._change)

    def next(self, variation: ShapeVariation) -> ShapeVariation:
        """Return a more probable variation."""
        root = _power(variation.covariance, 0.5)
        self._fit(variation, root)
        whitening = _power(variation.covariance, -0.5)
        found, *of_skies = (
            _energies(self._differences, whitening @ fit)
            for fit in (self._change, *self._fits)
        )
        expected = np.mean(of_skies, axis=0)
        first = whitening @ self._first @ whitening
        factor = _ratio(found + first, expected + np.eye(len(first)))
        return ShapeVariation(root @ factor @ root)

    def with_strength(self, variation: ShapeVariation) -> ShapeVariation:
        """Return the variation as large as makes the error of the counts smallest."""
        rng = np.random.default_rng(RISK_SEED)
        risk = UnbiasedRisk(
            self._counts,
            self._differences,
            variation.precision,
            [self._counts.draw_of_counts(rng) for _ in self._skies],
            self._change,
        )
        return ShapeVariation(variation.covariance / least_risk(risk))

    def _fit(self, variation: ShapeVariation, root: np.ndarray) -> None:
        hessian = self._counts.posterior(self._differences, variation.precision)
        self._change, _ = hessian.solve(
            self._counts.source, CG_TOLERANCE, start=self._change
        )
        self._fits = [
            hessian.solve(
                self._counts.curvature(root @ sky) + noise, CG_TOLERANCE, start=before
            )[0]
            for sky, noise, before in zip(
                self._skies, self._noise, self._fits, strict=True
            )
        ]


def _random_skies(guide: np.ndarray, n_components: int) -> np.ndarray:
    """Return images (sky, component, pixel) whose mean covariance is one.

    They lie as the guide lies: a mirrored one has mirrored skies.
    """
    rng, mirror = np.random.default_rng(SEED), bright_side_first(guide)
    upright = ShapeDifferences(0.5, guide[mirror])
    drawn = upright.draw(rng, SKIES * n_components)
    skies = drawn.reshape(SKIES, n_components, *guide.shape)
    n_modes = max(guide.size - 1, 1)  # one costs nothing
    found = np.mean([_energies(upright, sky) for sky in skies], axis=0) / n_modes
    even = np.tensordot(_power(found, -0.5), skies, axes=(1, 1)).swapaxes(0, 1)
    return even[:, :, *mirror].reshape(SKIES, n_components, -1)


def _energies(differences: ShapeDifferences, images: np.ndarray) -> np.ndarray:
    """Return the products ``W Q W^T`` (component, component) of images."""
    shaped = images.reshape(-1, *differences.image_shape)
    slopes = differences.gradient(shaped).reshape(len(shaped), -1)
    return np.asarray(shaped.reshape(slopes.shape) @ slopes.T)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the positive ``X`` of ``X below X = above``."""
    root, inverse = _power(below, 0.5), _power(below, -0.5)
    return np.asarray(inverse @ _power(root @ above @ root, 0.5) @ inverse)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Return a power of a positive symmetric matrix."""
    # Symmetric, so that the draws know nothing of the signs of the directions.
    values, directions = _principal(matrix)
    return np.asarray(directions * values**exponent @ directions.T)


def _principal(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, kept above zero, and directions of a symmetric matrix."""
    values, directions = np.linalg.eigh((matrix + matrix.T) / 2)
    lowest = max(SMALLEST_VARIANCE * values.max(), np.finfo(float).tiny)
    return np.maximum(values, lowest), directions


def _raised(term: CountsTerm, expected: np.ndarray) -> np.ndarray:
    """Return expected counts (channel, pixel) that are not zero."""
    mean = float(term.counts.mean())
    lowest = SMALLEST_EXPECTED * mean if mean > 0 else 1.0
    return np.asarray(np.maximum(expected, lowest))
