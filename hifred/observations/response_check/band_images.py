"""Compare band images: normalisation, pointing, PSF width and orientation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from hifred.observations.response_check.noisy_models import (
    corrected_inverse,
    noise_probes,
)
from hifred.observations.response_check.orientations import ORIENTATIONS, turned
from hifred.observations.response_check.report import CheckRow
from hifred.observations.response_check.transfer import Comparison

# Figures of the fit, in its order.
FITTED = ("normalisation", "shift along y", "shift along x", "PSF width (sigma)")
N_STEPS = 6
# Sky pixels that one step of the fit may move.
LONGEST_STEP = 1.5
# A wrong orientation must fit this much worse than the best one.
CLEARLY_WORSE = 1.5
LARGEST_CHI_SQUARED_GAIN = 50.0
# Weights are those of the pixels around; none is below this part of the mean variance.
AROUND = 5
FAINT = 0.02

NORMALISATION_TOLERANCE = 0.02
SHIFT_TOLERANCE = 0.15  # sky pixels
WIDTH_TOLERANCE = 0.03  # of the width
MISFIT_TOLERANCE = 0.03  # of the rms image


@dataclass(frozen=True, eq=False)
class ImageFit:
    """The best fit of the spectrometer's image by the imager's.

    Parameters
    ----------
    values, scatters : (4,) arrays
        Normalisation, shifts along y and x (sky pixels), extra variance of the blur
        (sky pixels squared).
    known : (4,) bool array
        Which of these the images tell: a flat one tells no shift.
    model, residual, variance : (used pixel,) arrays
    """

    values: np.ndarray
    scatters: np.ndarray
    known: np.ndarray
    model: np.ndarray
    residual: np.ndarray
    variance: np.ndarray


def fit_image(
    comparison: Comparison, image_shape: tuple[int, int], data_shape: tuple[int, int]
) -> ImageFit:
    """Fit normalisation, shift and extra blur by Gauss-Newton steps.

    The imager's counts make the model, and their noise is taken out of what they seem
    to tell of shift and blur; see `noisy_models`.

    Parameters
    ----------
    comparison : Comparison
    image_shape, data_shape : (int, int)
        Rows and columns of the sky and of the spectrometer.
    """
    groups, used = comparison.groups, comparison.pixels
    seen = comparison.seen[groups].sum(axis=0)
    sky = comparison.sky_images[groups].sum(axis=0).reshape(image_shape)
    sky_variance = comparison.sky_variances[groups].sum(axis=0)
    own = comparison.transfer[groups].sum(axis=0) ** 2 @ comparison.raw
    variance = own + comparison.blur.variance(sky_variance[None])[0]
    weights = _weights(variance, used, data_shape)
    probes, n_used = noise_probes(sky_variance.reshape(image_shape)), int(used.sum())
    values = np.array([first_scale(seen[used], comparison, used), 0.0, 0.0, 0.0])
    for _ in range(N_STEPS):
        model, columns = _linearised(comparison, sky, values)
        noise = _noise_of_columns(comparison, probes, values, weights)
        normal = columns.T @ (weights[:, None] * columns)
        inverse, _ = corrected_inverse(normal, noise, n_used)
        # The model's own noise, its brightness times the first column's, is expected.
        left = columns.T @ (weights * (seen - model)) + values[0] * noise[:, 0]
        step = inverse @ left
        step[1:3] = np.clip(step[1:3], -LONGEST_STEP, LONGEST_STEP)
        values = values + step
    model, columns = _linearised(comparison, sky, values)
    noise = _noise_of_columns(comparison, probes, values, weights)
    normal = columns.T @ (weights[:, None] * columns)
    inverse, known = corrected_inverse(normal, noise, n_used)
    solver = inverse @ (columns.T * weights)
    back = values[0] * comparison.blur.backward(solver)
    scatters = np.sqrt((solver**2) @ own + (back**2) @ sky_variance)
    residual = seen - model
    return ImageFit(
        values, scatters, known, model[used], residual[used], variance[used]
    )


def _weights(
    variance: np.ndarray, used: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return weights (pixel,) from the variance around each pixel.

    A pixel's own counts would weigh it down where they are high by chance.
    """
    there = used.reshape(shape).astype(float)
    around = scipy.ndimage.uniform_filter(there, AROUND, mode="constant")
    sums = scipy.ndimage.uniform_filter(
        there * variance.reshape(shape), AROUND, mode="constant"
    )
    smooth = (sums / np.maximum(around, 1e-12)).ravel()
    floor = FAINT * variance[used].mean() if used.any() else 1.0
    return np.where(used, 1.0 / np.maximum(smooth, max(floor, 1e-12)), 0.0)


def _noise_of_columns(
    comparison: Comparison,
    probes: Sequence[np.ndarray],
    values: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return what the sky's noise adds to the normal matrix, on average."""
    parts = []
    for probe in probes:
        _, columns = _linearised(comparison, probe, values)
        parts.append(columns.T @ (weights[:, None] * columns))
    return np.asarray(np.mean(parts, axis=0))


def first_scale(seen: np.ndarray, comparison: Comparison, used: np.ndarray) -> float:
    """Return the ratio of the totals: from far off, the other figures would follow."""
    predicted = float(comparison.predicted[comparison.groups][:, used].sum())
    ratio = float(seen.sum()) / predicted if predicted > 0 else 1.0
    return ratio if ratio > 0 else 1.0


def _linearised(
    comparison: Comparison, sky: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model (pixel,) and its derivatives (pixel, parameter)."""
    norm, shift_y, shift_x, extra = values
    moved = scipy.ndimage.shift(sky, (shift_y, shift_x), order=3, mode="nearest")
    curved = 0.5 * scipy.ndimage.laplace(moved, mode="nearest")
    slopes = np.gradient(moved)
    images = np.stack([moved + extra * curved, -slopes[0], -slopes[1], curved])
    columns = comparison.blur.forward(images.reshape(4, -1)).T
    model = norm * columns[:, 0]
    columns[:, 1:] *= norm
    return model, columns


def best_orientation(
    comparison: Comparison, data_shape: tuple[int, int]
) -> tuple[int, float]:
    """Return the index of the orientation that fits best, and its gain.

    Parameters
    ----------
    comparison : Comparison
    data_shape : (int, int)
        Rows and columns of the spectrometer.

    Returns
    -------
    int
        Of `ORIENTATIONS`; 0 unless another one is clearly better.
    float
        How much chi-squared falls with it.
    """
    groups = comparison.groups
    images = {
        "seen": comparison.seen[groups].sum(axis=0),
        "predicted": comparison.predicted[groups].sum(axis=0),
        "used": comparison.pixels.astype(float),
    }
    square = data_shape[0] == data_shape[1]
    n_choices = len(ORIENTATIONS) if square else 4
    misfits = [_misfit(images, data_shape, i) for i in range(n_choices)]
    best = int(np.argmin(misfits))
    gain = misfits[0] - misfits[best]
    clearly = (
        gain > LARGEST_CHI_SQUARED_GAIN and misfits[0] > CLEARLY_WORSE * misfits[best]
    )
    return (best, gain) if clearly else (0, 0.0)


def _misfit(images: dict[str, np.ndarray], shape: tuple[int, int], turn: int) -> float:
    """Return chi-squared of the turned image, its normalisation fitted."""
    seen = turned(images["seen"].reshape(shape), turn)
    both = images["used"].reshape(shape) * turned(images["used"].reshape(shape), turn)
    model = images["predicted"].reshape(shape)
    weights = both / np.maximum(seen + model, 1.0)
    norm = np.sum(weights * seen * model) / max(np.sum(weights * model**2), 1e-300)
    return float(np.sum(weights * (seen - norm * model) ** 2))


def image_rows(
    names: tuple[str, str],
    comparison: Comparison,
    shapes: tuple[tuple[int, int], tuple[int, int]],
    model_sigma: float,
    pixel_size_arcsec: float,
) -> list[CheckRow]:
    """Return the figures of the band images.

    Parameters
    ----------
    names : (str, str)
        Imager and spectrometer.
    comparison : Comparison
    shapes : ((int, int), (int, int))
        Rows and columns of the sky and of the spectrometer.
    model_sigma : float
        Width (rms) of the spectrometer's blur in the model, sky pixels.
    pixel_size_arcsec : float
        Of the sky.
    """
    fit = fit_image(comparison, *shapes)
    turn, gain = best_orientation(comparison, shapes[1])
    width = np.sqrt(max(model_sigma**2 + fit.values[3], 0.0))
    width_scatter = fit.scatters[3] / max(2 * width, np.sqrt(fit.scatters[3]), 1e-12)
    misfit, misfit_scatter = excess(fit.model, fit.residual, fit.variance)
    arcsec = pixel_size_arcsec
    rows = [
        CheckRow(*names, "orientation", float(turn), 0.0, 1e-3 * (gain == 0), 0.5, "1",
                 f"The image of {names[1]} fits better {ORIENTATIONS[turn]}: check the "
                 f"order of its axes (chi-squared falls by {gain:.3g})."),
        CheckRow(*names, "normalisation", fit.values[0], 1.0, fit.scatters[0],
                 NORMALISATION_TOLERANCE, "1",
                 "Check exposure times, effective areas and backgrounds."),
        CheckRow(*names, "shift along y", fit.values[1] * arcsec, 0.0,
                 fit.scatters[1] * arcsec, SHIFT_TOLERANCE * arcsec, "arcsec",
                 "Check the pointing, y, and the centring of the PSFs."),
        CheckRow(*names, "shift along x", fit.values[2] * arcsec, 0.0,
                 fit.scatters[2] * arcsec, SHIFT_TOLERANCE * arcsec, "arcsec",
                 "Check the pointing, x, and the centring of the PSFs."),
        CheckRow(*names, "PSF width (sigma)", width * arcsec, model_sigma * arcsec,
                 width_scatter * arcsec,
                 WIDTH_TOLERANCE * max(model_sigma, 0.5) * arcsec, "arcsec",
                 "Check the PSFs; matched kernels are differences of the two."),
        CheckRow(*names, "image misfit", misfit, 0.0, misfit_scatter, MISFIT_TOLERANCE,
                 "1", "The band images differ in shape: check the PSFs, masks and "
                 "vignetting."),
    ]  # fmt: skip
    known = dict(zip(FITTED, fit.known, strict=True))
    return [row for row in rows if known.get(row.name, True)]


def excess(
    model: np.ndarray, residual: np.ndarray, variance: np.ndarray
) -> tuple[float, float]:
    """Return the rms misfit beyond the noise, relative to the model, and its scatter.

    Neighbours share noise, which doubles the scatter of independent values.
    """
    scale = max(float(np.sum(model**2)), 1e-300)
    beyond = (float(np.sum(residual**2)) - float(np.sum(variance))) / scale
    scatter = 2 * np.sqrt(2 * float(np.sum(variance**2))) / scale
    return float(np.sqrt(max(beyond, 0.0))), float(np.sqrt(scatter))
