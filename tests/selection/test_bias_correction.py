"""Bias that is taken off: in closed form where fits are linear, and in fusions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion import FusionSettings, fuse
from hifred.selection import draw_observations, less_bias, less_its_bias
from hifred.selection.bias_correction import as_chosen
from hifred.simulation import simulate_model

RNG = np.random.default_rng(4)
MATRIX = RNG.uniform(size=(9, 5))
TRUTH = RNG.uniform(5, 9, 5)
PRIOR = 0.2 * np.eye(5)
# Of normal counts with unit variance and a normal prior: fits are linear in counts.
ESTIMATOR = np.linalg.solve(MATRIX.T @ MATRIX + PRIOR, MATRIX.T)
AVERAGING = ESTIMATOR @ MATRIX
REST = np.eye(5) - AVERAGING


@pytest.mark.parametrize("n_steps", [0, 1, 2, 7])
def test_the_bias_of_a_linear_fit_is_that_of_the_closed_form(n_steps):
    fit = AVERAGING @ TRUTH  # of counts without noise: its error is its bias
    corrected = less_bias(fit, lambda sky: AVERAGING @ sky, n_steps)
    bias = -np.linalg.matrix_power(REST, n_steps + 1) @ TRUTH
    assert_allclose(corrected - TRUTH, bias, rtol=1e-9)


def test_errors_of_corrected_fits_are_those_of_the_closed_form():
    draws = MATRIX @ TRUTH + RNG.standard_normal((4000, 9))
    fits = [
        less_bias(ESTIMATOR @ counts, lambda sky: AVERAGING @ sky, 1)
        for counts in draws
    ]
    once = ESTIMATOR + REST @ ESTIMATOR
    assert_allclose(np.std(fits, axis=0), np.sqrt(np.diag(once @ once.T)), rtol=0.05)
    # More than those of the fits themselves: bias is traded for noise.
    plain = np.sqrt(np.diag(ESTIMATOR @ ESTIMATOR.T))
    assert (np.std(fits, axis=0) > plain).all()


def test_what_was_zero_does_not_fall_below():
    corrected = less_bias(np.array([0.0, 1.0]), lambda sky: sky + 0.5, 3)
    assert_allclose(corrected, [0.0, 0.5])


def test_a_fusion_that_is_too_smooth_comes_nearer_to_what_it_was_made_of():
    settings = FusionSettings(regularizer="lrs", mu=1e-2, rank=3, tolerance=1e-3)
    toy = simulate_model(
        "gaussian_1kev_rebinned", shape=(12, 9), n_energies=36, counts=1e6
    )
    sharp = fuse(toy.observations, settings.changed(mu=1e-5))
    drawn = draw_observations(toy, sharp, seed=1)
    smooth = fuse(drawn, settings)
    less = less_its_bias(smooth, drawn, settings, 1)
    truth = sharp["flux"].to_numpy()

    def off(flux):
        return float(np.linalg.norm(flux.sum(axis=0) - truth.sum(axis=0)))

    assert off(less) < 0.8 * off(smooth["flux"].to_numpy())


def test_what_was_chosen_from_the_counts_is_held():
    toy = simulate_model("gaussian_1kev_rebinned", shape=(9, 6), n_energies=24)
    settings = FusionSettings(regularizer="guided")
    fitted = fuse(toy.observations, settings)
    held = as_chosen(settings, fitted)
    assert held.rank == int(fitted["chosen_rank"])
    assert held.mu == float(fitted["chosen_mu"])
    fixed = FusionSettings(regularizer="w2d1d", mu=1.0)
    assert as_chosen(fixed, fitted) == fixed
