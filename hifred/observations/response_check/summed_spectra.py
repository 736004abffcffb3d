"""Compare summed spectra: area ratio, energy scale, response width and order."""

from collections.abc import Sequence

import numpy as np

from hifred.observations.response_check.band_images import excess
from hifred.observations.response_check.noisy_models import (
    corrected_inverse,
    noise_probes,
)
from hifred.observations.response_check.report import CheckRow
from hifred.observations.response_check.transfer import Comparison, imager_spectrum

# Figures of the fit besides the scale, in its order.
FITTED = ("area ratio across the band", "energy shift", "response width (sigma)")
# With fewer groups of channels only a ratio can be compared.
FEWEST_GROUPS = 8
N_STEPS = 4
AREA_TOLERANCE = 0.03
SHIFT_TOLERANCE = 0.05  # of the width of the response
WIDTH_TOLERANCE = 0.05
MISFIT_TOLERANCE = 0.03
CLEARLY_WORSE = 1.5
LEAST_GAIN = 50.0


def spectrum_rows(
    names: tuple[str, str],
    comparison: Comparison,
    model_sigma: float,
    bin_width_ev: float,
) -> list[CheckRow]:
    """Return the figures of the spatially summed spectra.

    Parameters
    ----------
    names : (str, str)
        Imager and spectrometer.
    comparison : Comparison
    model_sigma : float
        Width (rms) of the imager's response in the model, energy bins.
    bin_width_ev : float
        Mean width of an energy bin.
    """
    if comparison.groups.sum() < FEWEST_GROUPS:
        return []
    seen, covariance = imager_spectrum(comparison)
    predicted = comparison.transfer[comparison.groups] @ comparison.net_spectrum
    ratio = seen.sum() / predicted.sum() if predicted.sum() > 0 else 1.0
    # From far off, the other figures would follow a wrong scale.
    values = np.array([ratio if ratio > 0 else 1.0, 0.0, 0.0, 0.0])
    probes = noise_probes(_sky_variance(comparison))
    for _ in range(N_STEPS):
        model, columns = _linearised(comparison, comparison.sky_spectrum, values)
        inverse, weighted, noise, _ = _corrected(
            comparison, probes, columns, (values, covariance)
        )
        left = weighted @ (seen - model) + values[0] * noise[:, 0]
        values = values + inverse @ left
    model, columns = _linearised(comparison, comparison.sky_spectrum, values)
    inverse, weighted, _, known = _corrected(
        comparison, probes, columns, (values, covariance)
    )
    solver = inverse @ weighted
    scatters = np.sqrt(np.diag(solver @ covariance @ solver.T))
    misfit = excess(model, seen - model, np.diag(covariance))
    gain = _gain_when_reversed(comparison, seen, covariance)
    rows = _rows(names, values, scatters, misfit, gain, (model_sigma, bin_width_ev))
    told = dict(zip(FITTED, known[1:], strict=True))
    return [row for row in rows if told.get(row.name, True)]


def _sky_variance(comparison: Comparison) -> np.ndarray:
    """Return the variance (energy,) of the spectrum on the sky's energies.

    The spectrometer's channels are about these energies, each its own counts.
    """
    net, sky = comparison.net_spectrum.sum(), comparison.sky_spectrum
    gain = sky.sum() / net if net > 0 else 1.0
    return np.maximum(gain * (comparison.spectra.sum() / max(net, 1.0)) * sky, 0.0)


def _corrected(
    comparison: Comparison,
    probes: Sequence[np.ndarray],
    columns: np.ndarray,
    at: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return inverse, weighted columns, noise of the normal matrix, and what is known.

    `at` holds the values of the figures and the covariance (group, group).
    """
    values, covariance = at
    drawn = [_linearised(comparison, probe, values)[1] for probe in probes]
    noise = np.mean([c.T @ np.linalg.solve(covariance, c) for c in drawn], axis=0)
    weighted = np.linalg.solve(covariance, columns).T
    inverse, known = corrected_inverse(weighted @ columns, noise, len(covariance))
    return inverse, weighted, noise, known


def _linearised(
    comparison: Comparison, sky_spectrum: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model (group,) and its derivatives (group, parameter)."""
    norm, tilt, shift, extra = values
    n = sky_spectrum.size
    at = np.arange(n)
    ramp = np.linspace(-1.0, 1.0, n)
    moved = np.interp(at - shift, at, sky_spectrum)
    slope = np.gradient(moved)
    curved = 0.5 * np.gradient(slope)
    base = moved + extra * curved
    tilted = 1 + tilt * ramp
    spectra = np.stack([base * tilted, base * ramp, -slope * tilted, curved * tilted])
    columns = comparison.channels[:, comparison.groups].T @ spectra.T
    model = norm * columns[:, 0]
    columns[:, 1:] *= norm
    return model, columns


def _gain_when_reversed(
    comparison: Comparison, seen: np.ndarray, covariance: np.ndarray
) -> float:
    """Return by how much chi-squared falls with the spectrometer's channels turned."""
    transfer, counts = comparison.transfer[comparison.groups], comparison.net_spectrum
    as_given, turned = (
        _chi_squared(seen, transfer @ c, covariance) for c in (counts, counts[::-1])
    )
    gain = as_given - turned
    return gain if gain > LEAST_GAIN and as_given > CLEARLY_WORSE * turned else 0.0


def _chi_squared(seen: np.ndarray, model: np.ndarray, covariance: np.ndarray) -> float:
    weighted = np.linalg.solve(covariance, np.stack([seen, model], 1))
    norm = (seen @ weighted[:, 1]) / max(model @ weighted[:, 1], 1e-300)
    residual = seen - norm * model
    return float(residual @ np.linalg.solve(covariance, residual))


def _rows(
    names: tuple[str, str],
    values: np.ndarray,
    scatters: np.ndarray,
    misfit: tuple[float, float],
    gain: float,
    model: tuple[float, float],
) -> list[CheckRow]:
    sigma, ev = model
    width = np.sqrt(max(sigma**2 + values[3], 0.0))
    width_scatter = scatters[3] / max(2 * width, np.sqrt(scatters[3]), 1e-12)
    return [
        CheckRow(*names, "energy order", float(gain > 0), 0.0, 1e-3 * (gain == 0), 0.5,
                 "1", f"The spectrum of {names[1]} fits better reversed: check the "
                 f"order of its channels (chi-squared falls by {gain:.3g})."),
        CheckRow(*names, "area ratio across the band", 1 + 2 * values[1], 1.0,
                 2 * scatters[1], AREA_TOLERANCE, "1",
                 "Check the effective areas: do they belong to these instruments?"),
        CheckRow(*names, "energy shift", values[2] * ev, 0.0, scatters[2] * ev,
                 SHIFT_TOLERANCE * max(sigma, 1.0) * ev, "eV",
                 "Check channel_edges and the centring of the line spread."),
        CheckRow(*names, "response width (sigma)", width * ev, sigma * ev,
                 width_scatter * ev, WIDTH_TOLERANCE * max(sigma, 1.0) * ev, "eV",
                 "Check the line spreads or redistribution matrices."),
        CheckRow(*names, "spectrum misfit", *(misfit[0], 0.0, misfit[1]),
                 MISFIT_TOLERANCE, "1", "The summed spectra differ in shape: check the "
                 "areas and the redistribution."),
    ]  # fmt: skip
