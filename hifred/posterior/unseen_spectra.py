r"""Spectra of the sky that lie outside of the few that a cube is made of.

A subspace holds what stands out of the noise of the spectrometer. The rest of the sky
is in no draw of its images, though the counts tell how much it is: the spectra of two
random parts of the events, less their projection on the subspace of all others, have
the rest in common and no noise. Their mean product is its power,

.. math:: P_e = \langle r^{(1)}_{en} \, r^{(2)}_{en} \rangle_n

What it looks like is not known. A draw is as fine as the instruments resolve in energy
(`band_limited`), strong in bright lines, as all that varies, and has images as
`SkyFields` ``F``,

.. math:: O = U F, \qquad U_{ek} \propto \bar s_e \, \epsilon_{ek},
    \qquad \epsilon \sim N(0, 1)

with the mean spectrum :math:`\bar s` and random spectra ``U`` outside of the subspace.
Of its power, seen by the spectrometer, ``P`` is the share `SHARE_SEEN`.
"""

from typing import final

import numpy as np
import scipy.ndimage

from hifred.fusion.assembly import Assembly
from hifred.posterior.sky_fields import SkyFields
from hifred.transforms.low_rank import band_limited, spectral_basis

# Random spectra: the power of a bin of energy, and of any sum of bins, is that of a
# chi-squared of so many degrees of freedom.
COMPONENTS = 16
# Parts of the events: each pair is held against the subspace of the others.
PAIRS = 6
# Energy bins over which the power, which has the noise of the counts, is smoothed.
SMOOTHED = 401
# Where the subspace leaves less than this share of random spectra, no more is put in.
SMALLEST_LEFT = 0.05
# How often images are blurred by the PSF, and how much of their power the spectrometer
# sees, over that of any such images: the subspace has taken what it sees best. By the
# truth of toy models and scenes 0.27 to 0.7.
BLURS, SHARE_SEEN = 2, 0.5
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
        self._fields = SkyFields(assembly, BLURS)
        rng = np.random.default_rng(SEED)
        seen = SHARE_SEEN * _mean_square_seen(assembly, self._fields.draw(rng, FIELDS))
        spectra = _random_spectra(rng, basis, assembly)
        self.basis: np.ndarray = spectra / np.sqrt(COMPONENTS * seen)
        """Spectra (energy, component) of the images that `draw` returns."""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return random coefficient images (component, y, x)."""
        return self._fields.draw(rng, COMPONENTS)


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
    return np.maximum(_smoothed(total), 0)


def _random_spectra(
    rng: np.random.Generator, basis: np.ndarray, assembly: Assembly
) -> np.ndarray:
    """Return spectra (energy, component) outside of a basis, as strong as is left."""
    power = left_out_power(assembly, basis.shape[1])
    mean = _limited(assembly.spectra, assembly.line_spread).mean(axis=1)
    white = rng.standard_normal((len(power), COMPONENTS))
    shaped = _limited(white, assembly.line_spread) * np.maximum(mean, 0)[:, None]
    outside = _outside(basis, shaped)
    before, left = (_smoothed(np.mean(u**2, axis=1)) for u in (shaped, outside))
    lowest = np.maximum(SMALLEST_LEFT * before, np.finfo(float).tiny)
    return outside * np.sqrt(power / np.maximum(left, lowest))[:, None]


def _smoothed(power: np.ndarray) -> np.ndarray:
    width = min(SMOOTHED, len(power))
    return np.asarray(scipy.ndimage.uniform_filter1d(power, width))


def _limited(spectra: np.ndarray, line_spread: np.ndarray | None) -> np.ndarray:
    return spectra if line_spread is None else band_limited(spectra, line_spread)


def _outside(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    return np.asarray(spectra - basis @ (basis.T @ spectra))


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
