r"""Random images that a sky might differ by: bright where it is, of a given texture.

.. math:: F = b^{0.85} \cdot (h * \eta), \qquad \eta \sim N(0, 1), \qquad
    |\hat h|^2 = \langle |\hat t|^2 \rangle

with the brightness ``b``, and a kernel ``h`` of unit norm whose power at each frequency
goes with the mean of that of images ``t`` (random phase noise: Galerne, Gousseau &
Morel 2011, IEEE Trans. Image Process. 20, 257).
"""

from typing import Self, final

import numpy as np
import scipy.signal

from hifred.fusion.assembly import Assembly

# Between that of noise, 1/2, and that of the sky, 1: what varies in faint places stands
# less out of the noise. By the truth of toy models errors of fits, and what they leave
# out, go with the brightness to a power of 0.8 to 1.1.
BRIGHTNESS_EXPONENT = 0.85

# How often images are blurred by the PSF. White noise blurred once is a sky of
# unresolved sources alone; real ones are smoother. With 2, intervals of voxels hold 3
# to 7 % more on toy models, which is too much.
BLURS = 3


@final
class SkyFields:
    """Random images of a field.

    Parameters
    ----------
    brightness : (y, x) array
        What the images have at the power `BRIGHTNESS_EXPONENT`.
    textures : (n, rows, columns) array
        Images of the same texture, but of even brightness; of any size.
    """

    def __init__(self, brightness: np.ndarray, textures: np.ndarray) -> None:
        self._brightness = brightness**BRIGHTNESS_EXPONENT
        self._padded = tuple(
            image + texture - 1
            for image, texture in zip(brightness.shape, textures.shape[1:], strict=True)
        )
        power = np.mean(np.abs(np.fft.rfft2(textures, self._padded)) ** 2, axis=0)
        kernel = np.fft.irfft2(np.sqrt(power), self._padded)
        norm = np.sqrt(np.sum(kernel**2))
        self._heights = np.sqrt(power) / max(norm, np.finfo(float).tiny)

    @classmethod
    def blurred(cls, assembly: Assembly) -> Self:
        """Return fields as smooth as the resolution of a sky, and more (`BLURS`)."""
        kernel = psf = _sharpest_psf(assembly)
        for _ in range(BLURS - 1):
            kernel = scipy.signal.fftconvolve(kernel, psf)
        return cls(assembly.brightness, kernel[None])

    @classmethod
    def like(cls, assembly: Assembly, images: np.ndarray) -> Self:
        """Return fields as fine as images (n, y, x) of a sky."""
        brightness = assembly.brightness
        return cls(brightness, images / brightness**BRIGHTNESS_EXPONENT)

    def draw(self, rng: np.random.Generator, n_fields: int) -> np.ndarray:
        """Return independent images (n_fields, y, x)."""
        n_rows, n_columns = self._brightness.shape
        white = rng.standard_normal((n_fields, *self._padded))
        smooth = np.fft.irfft2(np.fft.rfft2(white) * self._heights, self._padded)
        return np.asarray(self._brightness * smooth[:, :n_rows, :n_columns])


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
