r"""Spectra of the sky that lie outside of the few that a cube is made of.

A subspace holds what stands out of the noise of the spectrometer. The rest of the sky
is in no draw of its images, though the counts tell how much it is: the spectra of two
random parts of the events, less their projection on the subspace of all others, have
the rest in common and no noise. Their mean product is its power,

.. math:: P_e = \langle r^{(1)}_{en} \, r^{(2)}_{en} \rangle_n

What it looks like is not known. A draw is as fine as the instruments resolve, in energy
(`band_limited`) and on the sky (the PSF of the imager), as bright as the sky is,

.. math:: O = U F, \qquad F_k = b \cdot (p * \eta_k), \quad \eta_k \sim N(0, 1)

with random spectra ``U`` whose power, seen by the spectrometer, is ``P``.
"""

from typing import final

import numpy as np
import scipy.ndimage
import scipy.signal

from hifred.fusion.assembly import Assembly
from hifred.transforms.low_rank import band_limited, spectral_basis

# Random spectra: the power of a bin of energy, and of any sum of bins, is that of a
# chi-squared of so many degrees of freedom.
COMPONENTS = 16
# Parts of the events: each pair is held against the subspace of the others.
PAIRS = 4
# Energy bins over which the power, which has the noise of the counts, is smoothed.
SMOOTHED = 57
# Where the subspace leaves less than this share of random spectra, no more is put in.
SMALLEST_LEFT = 0.05
# Fields from which the spectrometer's share of the power is taken.
FIELDS = 100
SEED = 0


@final
class UnseenSpectra:
    """Random parts of the sky that a subspace leaves out.

    Parameters
    ----------
    assembly : Assembly
    basis : (energy, component) array
        The subspace, orthonormal.
    """

    def __init__(self, assembly: Assembly, basis: np.ndarray) -> None:
        self._brightness = assembly.brightness
        self._psf = _sharpest_psf(assembly)
        rng = np.random.default_rng(SEED)
        seen = _mean_square_seen(assembly, self._fields(rng, FIELDS))
        power = left_out_power(assembly, basis.shape[1])
        spectra = _random_spectra(rng, basis, power, assembly.line_spread)
        self.basis: np.ndarray = spectra / np.sqrt(COMPONENTS * seen)
        """Spectra (energy, component) of the images that `draw` returns."""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return random coefficient images (component, y, x)."""
        return self._fields(rng, COMPONENTS)

    def _fields(self, rng: np.random.Generator, n_fields: int) -> np.ndarray:
        n_rows, n_columns = self._brightness.shape
        high, wide = self._psf.shape
        white = rng.standard_normal((n_fields, n_rows + high - 1, n_columns + wide - 1))
        smooth = scipy.signal.fftconvolve(white, self._psf[None], "valid", (1, 2))
        return np.asarray(self._brightness * smooth)


def left_out_power(assembly: Assembly, rank: int) -> np.ndarray:
    """Return the power (energy,) of what a subspace of this rank leaves out.

    The mean square of the spectrometers' spectra, in their units, without noise.
    """
    parts = assembly.split_spectra(2 * PAIRS, SEED)
    line_spread = assembly.line_spread
    total = np.zeros(len(parts[0]))
    for first in range(0, 2 * PAIRS, 2):
        pair, others = parts[first : first + 2], parts[:first] + parts[first + 2 :]
        basis = spectral_basis(np.mean(others, axis=0), rank, line_spread)
        one, two = (_outside(basis, _limited(part, line_spread)) for part in pair)
        total += np.mean(one * two, axis=1) / PAIRS
    width = min(SMOOTHED, len(total))
    return np.maximum(scipy.ndimage.uniform_filter1d(total, width), 0)


def _random_spectra(
    rng: np.random.Generator,
    basis: np.ndarray,
    power: np.ndarray,
    line_spread: np.ndarray | None,
) -> np.ndarray:
    """Return spectra (energy, component) outside of a basis, of this mean square."""
    white = rng.standard_normal((len(power), COMPONENTS))
    shaped = _limited(white, line_spread) * np.sqrt(power)[:, None]
    outside = _outside(basis, shaped)
    left = np.mean(outside**2, axis=1)
    nearby = scipy.ndimage.uniform_filter1d(left, min(SMOOTHED, len(left)))
    lowest = np.maximum(SMALLEST_LEFT * nearby, np.finfo(float).tiny)
    return outside * np.sqrt(power / np.maximum(left, lowest))[:, None]


def _limited(spectra: np.ndarray, line_spread: np.ndarray | None) -> np.ndarray:
    return spectra if line_spread is None else band_limited(spectra, line_spread)


def _outside(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    return np.asarray(spectra - basis @ (basis.T @ spectra))


def _sharpest_psf(assembly: Assembly) -> np.ndarray:
    """Return the highest PSF of the imagers, of unit squares; a pixel without any."""
    known = [assembly.observations[n] for n in assembly.imagers]
    kernels = [
        kernel
        for observation in known
        if "psf" in observation
        for kernel in np.atleast_3d(observation["psf"].to_numpy().T).T
    ]
    sharpest = max(
        kernels, key=lambda kernel: float(kernel.max()), default=np.ones((1, 1))
    )
    return np.asarray(sharpest / np.sqrt(np.sum(sharpest**2)))


def _mean_square_seen(assembly: Assembly, fields: np.ndarray) -> float:
    """Return the mean square of fields (n, y, x) as spectrometers see them."""
    flat = fields.reshape(len(fields), -1)
    seen = [_as_seen(assembly, name, flat).ravel() for name in assembly.spectrometers]
    return float(np.mean(np.concatenate(seen) ** 2))


def _as_seen(assembly: Assembly, name: str, flat: np.ndarray) -> np.ndarray:
    pairs = assembly.responses[name].pairs
    weights = np.array([float(np.sum(g.to_dense())) for g, _ in pairs])
    parts = [
        weight * k.apply_rows(flat)
        for weight, (_, k) in zip(weights / weights.sum(), pairs, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))
