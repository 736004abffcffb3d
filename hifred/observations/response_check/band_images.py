"""Compare band images: normalisation, pointing, PSF width and orientation."""

from dataclasses import dataclass

import numpy as np
import scipy

from hifred.observations.response_check.orientations import ORIENTATIONS, turned
from hifred.observations.response_check.report import CheckRow
from hifred.observations.response_check.transfer import Comparison

N_STEPS = 6
# Sky pixels that one step of the fit may move.
LONGEST_STEP = 1.5
# A wrong orientation must fit this much worse than the best one.
CLEARLY_WORSE = 1.5
LARGEST_CHI_SQUARED_GAIN = 50.0

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
    model, residual, variance : (used pixel,) arrays
    """

    values: np.ndarray
    scatters: np.ndarray
    model: np.ndarray
    residual: np.ndarray
    variance: np.ndarray


def fit_image(comparison: Comparison, image_shape: tuple[int, int]) -> ImageFit:
    """Fit normalisation, shift and extra blur by Gauss-Newton steps.

    Parameters
    ----------
    comparison : Comparison
    image_shape : (int, int)
        Rows and columns of the sky.
    """
    groups, used = comparison.groups, comparison.pixels
    seen = comparison.seen[groups].sum(axis=0)
    sky = comparison.sky_images[groups].sum(axis=0).reshape(image_shape)
    sky_variance = comparison.sky_variances[groups].sum(axis=0)[None]
    own = comparison.transfer[groups].sum(axis=0) ** 2 @ comparison.raw
    variance = own + comparison.blur.variance(sky_variance)[0]
    weights = np.where(used & (variance > 0), 1.0 / np.maximum(variance, 1e-12), 0.0)
    values = np.array([first_scale(seen[used], comparison, used), 0.0, 0.0, 0.0])
    for _ in range(N_STEPS):
        model, columns = _linearised(comparison, sky, values)
        solver = _weighted_inverse(columns, weights)
        step = solver @ (seen - model)
        step[1:3] = np.clip(step[1:3], -LONGEST_STEP, LONGEST_STEP)
        values = values + step
    model, columns = _linearised(comparison, sky, values)
    solver = _weighted_inverse(columns, weights)
    back = values[0] * comparison.blur.backward(solver)
    scatters = np.sqrt((solver**2) @ own + (back**2) @ sky_variance[0])
    residual = seen - model
    return ImageFit(values, scatters, model[used], residual[used], variance[used])


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
    moved = scipy.ndimage.shift(sky, (shift_y, shift_x), order=3, mode="constant")
    curved = 0.5 * scipy.ndimage.laplace(moved, mode="nearest")
    slopes = np.gradient(moved)
    images = np.stack([moved + extra * curved, -slopes[0], -slopes[1], curved])
    columns = comparison.blur.forward(images.reshape(4, -1)).T
    model = norm * columns[:, 0]
    columns[:, 1:] *= norm
    return model, columns


def _weighted_inverse(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the matrix that solves the weighted least-squares problem."""
    normal = columns.T @ (weights[:, None] * columns)
    return np.linalg.pinv(normal, rcond=1e-12, hermitian=True) @ (columns.T * weights)


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
    fit = fit_image(comparison, shapes[0])
    turn, gain = best_orientation(comparison, shapes[1])
    width = np.sqrt(max(model_sigma**2 + fit.values[3], 0.0))
    width_scatter = fit.scatters[3] / max(2 * width, np.sqrt(fit.scatters[3]), 1e-12)
    misfit, misfit_scatter = excess(fit.model, fit.residual, fit.variance)
    arcsec = pixel_size_arcsec
    return [
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
