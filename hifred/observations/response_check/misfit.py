"""How far two observations are apart if one thing, or several, were otherwise."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.ndimage
from scipy.linalg import solve_triangular

from hifred.observations.response_check.orientations import turned
from hifred.observations.response_check.transfer import Comparison, imager_spectrum

# Responses are never known better than this; counting noise alone would let the
# largest counts decide what is wrong.
SYSTEMATIC = 0.005


@dataclass(frozen=True)
class Change:
    """What may be wrong between an imager and a spectrometer; nothing by default.

    Parameters
    ----------
    log_scale : float
        Logarithm of the spectrometer's brightness over the imager's.
    dy, dx : float, sky pixels
        By how much the spectrometer's image lies off.
    angle : float, rad
        By which its image is turned on the sky's pixels, from y to x.
    log_zoom : float
        Logarithm of its true pixel size over the given one.
    blur : float, sky pixels squared
        Variance that its PSF has more.
    tilt, bend : float
        Logarithm of the area ratio across the band: slope and curvature.
    shift_kev, gain : float
        Its energies are ``E (1 + gain) + shift``.
    spread : float, energy bins squared
        Variance that the imager's response has more.
    turn : int
        Index of `ORIENTATIONS`.
    reverse : bool
        Whether its channels are in the opposite order.
    """

    log_scale: float = 0.0
    dy: float = 0.0
    dx: float = 0.0
    angle: float = 0.0
    log_zoom: float = 0.0
    blur: float = 0.0
    tilt: float = 0.0
    bend: float = 0.0
    shift_kev: float = 0.0
    gain: float = 0.0
    spread: float = 0.0
    turn: int = 0
    reverse: bool = False

    def moved(self, names: tuple[str, ...], values: np.ndarray) -> "Change":
        """Return the same with some of its numbers replaced."""
        numbers: Any = dict(zip(names, map(float, values), strict=True))
        return replace(self, **numbers)


class Misfit:
    """Residuals, in standard deviations, of the band image and the summed spectrum.

    Parameters
    ----------
    comparison : Comparison
    energy : (energy,) array, keV
        Centres of the sky's energy bins.
    area : (energy,) array
        The spectrometer's area and exposure over those of the sky's scale: counts that
        are taken for another energy are also divided by a wrong area.
    sky_shape, data_shape : (int, int)
        Rows and columns of the sky and of the spectrometer.
    """

    def __init__(
        self,
        comparison: Comparison,
        energy: np.ndarray,
        area: np.ndarray,
        sky_shape: tuple[int, int],
        data_shape: tuple[int, int],
    ) -> None:
        groups, used = comparison.groups, comparison.pixels
        self._comparison, self._data_shape = comparison, data_shape
        self._energy, self._area = energy, np.maximum(area, 1e-9 * area.max())
        self._used = used.reshape(data_shape)
        self._seen = comparison.seen[groups].sum(axis=0).reshape(data_shape)
        self._sky = comparison.sky_images[groups].sum(axis=0).reshape(sky_shape)
        self._centre = _field_centre(comparison, sky_shape)
        self._level = float(self._image(Change())[self._used].sum())
        total = float(self._seen[self._used].sum())
        usual = total / self._level if self._level > 0 and total > 0 else 1.0
        own = comparison.transfer[groups].sum(axis=0) ** 2 @ comparison.raw
        sky_variance = comparison.sky_variances[groups].sum(axis=0)[None]
        noise = own + usual**2 * comparison.blur.variance(sky_variance)[0]
        noise = noise.reshape(data_shape) + (SYSTEMATIC * self._seen) ** 2
        self._noise = np.maximum(noise, 1e-12)
        self._spectrum, self._whitening = _spectrum(comparison, usual)
        self.n_values = int(used.sum()) + len(self._spectrum)

    def residuals(self, change: Change) -> np.ndarray:
        """Return what a change leaves over (value,), in standard deviations."""
        image = self._image(change)
        now = self._level if change == Change() else float(image[self._used].sum())
        both = self._used & turned(self._used, change.turn)
        seen, noise = (turned(i, change.turn) for i in (self._seen, self._noise))
        # Fewer pixels count for as many, so that a turn does not win by losing them.
        share = np.sqrt(self._used.sum() / max(both.sum(), 1))
        left = share * ((seen - image) / np.sqrt(noise))[both]
        brighter = now / self._level if self._level > 0 else 1.0
        spectrum = brighter * self._spectrum - self._model_spectrum(change)
        white = solve_triangular(self._whitening, spectrum, lower=True)
        padding = np.zeros(self.n_values - len(left) - len(white))
        return np.concatenate([left, white, padding])

    def chi_squared(self, change: Change) -> float:
        """Return the sum of squares of `residuals`."""
        return float(np.sum(self.residuals(change) ** 2))

    def _image(self, change: Change) -> np.ndarray:
        """Return the spectrometer's image (y, x) as the imager predicts it."""
        sky = self._sky
        if (change.dy, change.dx, change.angle, change.log_zoom) != (0, 0, 0, 0):
            sky = self._placed(change)
        if change.blur > 0:
            sky = scipy.ndimage.gaussian_filter(sky, np.sqrt(change.blur))
        elif change.blur < 0:
            sky = sky + 0.5 * change.blur * scipy.ndimage.laplace(sky, mode="nearest")
        image = self._comparison.blur.forward(sky.reshape(1, -1))[0]
        return np.exp(change.log_scale) * image.reshape(self._data_shape)

    def _placed(self, change: Change) -> np.ndarray:
        zoom = np.exp(change.log_zoom)
        cos, sin = np.cos(change.angle), np.sin(change.angle)
        matrix = zoom * np.array([[cos, -sin], [sin, cos]])
        offset = self._centre - matrix @ self._centre - [change.dy, change.dx]
        placed = scipy.ndimage.affine_transform(self._sky, matrix, offset, order=1)
        return np.asarray(zoom**2 * placed)

    def _model_spectrum(self, change: Change) -> np.ndarray:
        """Return the imager's spectrum (group,) as the spectrometer predicts it."""
        groups = self._comparison.groups
        if change.reverse:
            counts = self._comparison.net_spectrum[::-1]
            return np.asarray(self._comparison.transfer[groups] @ counts)
        energy, counts = self._energy, self._comparison.sky_spectrum * self._area
        at = (energy - change.shift_kev) / (1 + change.gain)
        moved = np.interp(at, energy, counts) / (1 + change.gain) / self._area
        if change.spread > 0:
            moved = scipy.ndimage.gaussian_filter1d(moved, np.sqrt(change.spread))
        elif change.spread < 0:
            moved = moved + 0.5 * change.spread * np.gradient(np.gradient(moved))
        ramp = np.linspace(-1.0, 1.0, energy.size)
        tilted = moved * np.exp(change.tilt * ramp + change.bend * (ramp**2 - 1 / 3))
        return np.asarray(self._comparison.channels[:, groups].T @ tilted)


def _field_centre(comparison: Comparison, sky_shape: tuple[int, int]) -> np.ndarray:
    """Return the middle (row, column) of what the spectrometer sees of the sky."""
    n_pixels = comparison.pixels.size
    seen = comparison.blur.backward(np.ones((1, n_pixels)))[0].reshape(sky_shape)
    return np.array(scipy.ndimage.center_of_mass(seen))


def _spectrum(comparison: Comparison, usual: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the imager's spectrum (group,) and the Cholesky factor of its noise."""
    seen, covariance = imager_spectrum(comparison, usual)
    expected = comparison.transfer[comparison.groups] @ comparison.net_spectrum
    return seen, np.linalg.cholesky(covariance + np.diag((SYSTEMATIC * expected) ** 2))
