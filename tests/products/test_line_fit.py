import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.products import line_fit
from hifred.products.profile_kernels import FITTED, evaluate
from hifred.products.quantities import fit_quantities, moment_quantities
from hifred.products.side_bands import line_moments
from tests.products.made_up_lines import REST_KEV, band, energy_at, expected

FWHM_KM_S = 2.3548 * 0.0025 / 6.7 * 299792.458


def constants(lines):
    return line_fit._constants(lines)


def model(lines, values):
    n_bins = len(lines.low)
    found, slope = np.empty(n_bins), np.empty((n_bins, len(values)))
    evaluate(*constants(lines), np.asarray(values, float), found, slope)
    return found, slope


def test_the_model_is_the_line_integrated_over_the_bins() -> None:
    lines = band()
    width = 6.7 * 300 / 299792.458
    found, _ = model(lines, [40.0, 40.0, width**2, 900.0, energy_at(500.0)])
    assert_allclose(found, expected(lines, 40.0, (900.0, 500.0, 300.0)), rtol=1e-4)


def test_slopes_are_those_of_the_model() -> None:
    lines = band(line="Fe XXV He-alpha")
    values = np.array([40.0, 60.0, 2e-5, 900.0, 6.69, 500.0, 6.705])
    _, slope = model(lines, values)
    for i_value, value in enumerate(values):
        step = 1e-5 * abs(value) if i_value != 4 and i_value != 6 else 1e-6
        shifted = np.zeros(len(values))
        shifted[i_value] = step
        upper, lower = (model(lines, values + s * shifted)[0] for s in (1, -1))
        assert_allclose(
            slope[:, i_value],
            (upper - lower) / (2 * step),
            rtol=1e-5,
            atol=1e-6 * np.abs(slope[:, i_value]).max(),
        )


def test_an_isolated_line_of_many_counts_is_found() -> None:
    lines = band()
    mean = expected(lines, 2e4, (1e5, 400.0, 300.0))
    counts = np.random.default_rng(1).poisson(mean, (1000, len(mean)))
    fit = line_fit.fit_one_line(counts, np.ones(len(mean)), lines)
    assert np.all(fit.status == FITTED)
    found = fit_quantities(fit, lines, "radio")
    for name, truth in (("flux", 1e5), ("velocity", 400.0), ("width", 300.0)):
        error = found[name].std()
        # The mean of 1000 fits scatters by 3 % of an error.
        assert abs(found[name].mean() - truth) < 0.1 * error, name


def test_without_noise_the_truth_is_exact() -> None:
    lines = band()
    mean = expected(lines, 2e4, (1e5, 400.0, 300.0))
    fit = line_fit.fit_one_line(mean[None], np.ones(len(mean)), lines)
    found = fit_quantities(fit, lines, "radio")
    assert_allclose(found["flux"], 1e5, rtol=1e-4)
    assert_allclose(found["velocity"], 400.0, rtol=1e-4)
    assert_allclose(found["width"], 300.0, rtol=1e-3)


def test_the_better_of_two_minima_is_kept() -> None:
    # Two peaks, and another line at the window's end: from the moments a fit ends at
    # one peak, with more left over than that of a wide line.
    lines, exposure = band(2500.0), np.ones(len(band(2500.0).low))
    peaks = (4000.0, -750.0, 600.0), (8000.0, 750.0, 600.0), (4000.0, 3250.0, 500.0)
    mean = expected(lines, 2e4, *peaks)[None]
    fit = line_fit.fit_one_line(mean, exposure, lines)
    left = line_fit.misfits(mean, exposure, lines, fit, fit)
    for width in (500.0, 1000.0, 2000.0, 4000.0):
        variance = (REST_KEV * width / LIGHT_SPEED_KM_S) ** 2
        first = np.array([[2e4, 2e4, variance, 1e4, energy_at(0.0)]])
        other = line_fit.fit_lines(mean, exposure, lines, first)
        assert left <= 1.001 * line_fit.misfits(mean, exposure, lines, other, other)


def test_a_fit_is_the_maximum_of_the_poisson_likelihood() -> None:
    lines = band()
    mean = expected(lines, 2e3, (400.0, -300.0, 200.0))
    counts = np.random.default_rng(5).poisson(mean).astype(float)
    fit = line_fit.fit_one_line(counts[None], np.ones(len(mean)), lines)
    scale = np.abs(fit.values[0])

    def deviance(parameters):
        m = np.maximum(model(lines, parameters * scale)[0], 1e-9)
        return (m - counts * np.log(m)).sum()

    start = fit.values[0] / scale
    best = minimize(deviance, start, method="Nelder-Mead",
                    options={"xatol": 1e-9, "fatol": 1e-9, "maxfev": 4000})  # fmt: skip
    # Half a unit of the likelihood is one standard error.
    assert deviance(start) - best.fun < 5e-4


@pytest.mark.parametrize("separation", [1.5, 2.5])
def test_a_pair_apart_gives_both_velocities(separation) -> None:
    lines = band(reach_km_s=3000.0)
    half = 0.5 * separation * FWHM_KM_S
    mean = expected(lines, 5e3, (3000.0, -half, 1.0), (2000.0, half, 1.0))
    counts = np.random.default_rng(2).poisson(mean, (200, len(mean)))
    exposure = np.ones(len(mean))
    one = line_fit.fit_one_line(counts, exposure, lines)
    two = line_fit.fit_two_lines(counts, exposure, lines)
    told = line_fit.shows_two(counts, exposure, lines, fits=(one, two))
    assert told.mean() > 0.97
    found = fit_quantities(two, lines, "radio")
    assert_allclose(np.median(found["blue_velocity"]), -half, atol=3)
    assert_allclose(np.median(found["red_velocity"]), half, atol=3)
    assert_allclose(np.median(found["blue_flux"]), 3000.0, rtol=0.02)


@pytest.mark.parametrize("separation", [0.0, 0.5, 0.9])
def test_a_pair_that_is_not_apart_is_one_broad_line(separation) -> None:
    lines = band(reach_km_s=3000.0)
    half = 0.5 * separation * FWHM_KM_S
    mean = expected(lines, 5e3, (2500.0, -half, 50.0), (2500.0, half, 50.0))
    counts = np.random.default_rng(3).poisson(mean, (200, len(mean)))
    exposure = np.ones(len(mean))
    one = line_fit.fit_one_line(counts, exposure, lines)
    two = line_fit.fit_two_lines(counts, exposure, lines)
    told = line_fit.shows_two(counts, exposure, lines, fits=(one, two))
    assert told.mean() < 0.02
    found = fit_quantities(one, lines, "radio")
    assert_allclose(np.median(found["velocity"]), 0.0, atol=5)
    assert_allclose(np.median(found["width"]), np.hypot(half, 50.0), rtol=0.1, atol=15)


def test_two_lines_of_a_fit_have_mean_and_dispersion_of_both() -> None:
    lines = band()
    values = np.array([[1.0, 1.0, 1e-6, 3.0, energy_at(600.0), 1.0, energy_at(-200.0)]])
    found = fit_quantities(line_fit.LineFit(values, np.zeros(1, int)), lines, "radio")
    assert_allclose(found["velocity"], 400.0)
    own = 1e-3 / 6.7 * 299792.458
    assert_allclose(found["width"], np.sqrt(3 / 16 * 800.0**2 + own**2))
    assert found["red_velocity"] > found["blue_velocity"]


def test_moments_find_a_line_on_a_sloping_continuum() -> None:
    lines = band(reach_km_s=1500.0)
    mean = expected(lines, 2e4, (1e5, 300.0, 250.0))
    mean = mean + lines.width * 3e4 * (lines.energy - 6.6)
    found = moment_quantities(line_moments(mean[None], lines), lines, "radio")
    assert_allclose(found["moment_flux"], 1e5, rtol=1e-3)
    assert_allclose(found["moment_velocity"], 300.0, rtol=5e-3)
    assert_allclose(found["moment_width"], 250.0, rtol=0.02)
    density = 2e4 + 3e4 * (energy_at(300.0) - 6.6)
    assert_allclose(found["moment_equivalent_width"], 1e8 / density, rtol=2e-3)


def test_a_dark_spectrum_has_no_fit() -> None:
    lines = band()
    fit = line_fit.fit_one_line(
        np.zeros((2, len(lines.low))), np.ones(len(lines.low)), lines
    )
    assert np.isnan(fit.values).all()
