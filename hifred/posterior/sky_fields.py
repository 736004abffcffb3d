r"""Random images that a sky might differ by: as fine as the cube, and as bright.

.. math:: F = b^{3/4} \cdot (p * \eta), \qquad \eta \sim N(0, 1)

with the brightness ``b`` and the PSF ``p`` of the imager, whose resolution the cube
has.
"""

from typing import final

import numpy as np
import scipy.signal

from hifred.fusion.assembly import Assembly

# Between that of noise, 1/2, and that of the sky, 1: what varies in faint places stands
# less out of the noise. By the truth of toy models and scenes what a fit leaves out
# goes with the brightness to a power of 0.78 to 0.89.
BRIGHTNESS_EXPONENT = 0.75

# How often images are blurred by the PSF. White noise blurred once is a sky of
# unresolved sources alone; real ones are smoother. By the truth of toy models 2 is as
# good with all counts, and worse with a tenth.
BLURS = 3


@final
class SkyFields:
    """Random images of a field.

    Parameters
    ----------
    assembly : Assembly
    """

    def __init__(self, assembly: Assembly) -> None:
        self._brightness = assembly.brightness**BRIGHTNESS_EXPONENT
        kernel = psf = _sharpest_psf(assembly)
        for _ in range(BLURS - 1):
            kernel = scipy.signal.fftconvolve(kernel, psf)
        self._kernel = kernel / np.sqrt(np.sum(kernel**2))

    @property
    def mean_square(self) -> float:
        """Return the mean square of all random images."""
        return float(np.mean(self._brightness**2))

    def draw(self, rng: np.random.Generator, n_fields: int) -> np.ndarray:
        """Return independent images (n_fields, y, x)."""
        n_rows, n_columns = self._brightness.shape
        high, wide = self._kernel.shape
        white = rng.standard_normal((n_fields, n_rows + high - 1, n_columns + wide - 1))
        smooth = scipy.signal.fftconvolve(white, self._kernel[None], "valid", (1, 2))
        return np.asarray(self._brightness * smooth)


def _sharpest_psf(assembly: Assembly) -> np.ndarray:
    """Return the highest PSF of the imagers; a pixel without any."""
    known = [assembly.observations[n] for n in assembly.imagers]
    kernels = [
        kernel
        for observation in known
        if "psf" in observation
        for kernel in np.atleast_3d(observation["psf"].to_numpy().T).T
    ]
    return max(kernels, key=lambda kernel: float(kernel.max()), default=np.ones((1, 1)))
