r"""What a subspace leaves out of the sky, as the counts tell it, without their noise.

The spectra of two random parts of the events, less their projection on the subspace of
all others, have the rest of the sky in common, and no noise. What the subspace of all
others leaves out because its events are fewer is subtracted from their mean products.
That is what it leaves of the fit ``f``: what a mean of some events differs by from that
of all is independent of the latter. So

.. math:: C_{e e'} = \langle r^{(1)}_{en} \, r^{(2)}_{e'n} \rangle_n
    - \langle r^{(f)}_{en} \, r^{(f)}_{e'n} \rangle_n
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Self, final

import numpy as np
import scipy.ndimage

from hifred.fusion.assembly import Assembly
from hifred.posterior.seen_images import SeenImages
from hifred.transforms.low_rank import band_limited, spectral_basis

# Parts of the events: each pair is held against the subspace of the others. By the six
# pairs of two splits the power is as well known as the counts allow, to some per cent.
PARTS, SPLITS = 4, 2
# Energies over which the power, which has the noise of the counts, is smoothed.
SMOOTHED = 401
# How far energies are apart whose products are told: a few times the resolution.
REACH = 40
SEED = 0


@final
@dataclass(frozen=True, eq=False)
class LeftOut:
    """Powers of spectra.

    Attributes
    ----------
    power : (energy,) array
        The mean square, in units of the spectrometers' spectra.
    density : (frequency,) array
        The power at frequencies along the energy, as finely as `REACH` energies
        resolve. Noise may make it negative.
    """

    power: np.ndarray
    density: np.ndarray

    @classmethod
    def of(cls, one: np.ndarray, two: np.ndarray) -> Self:
        """Return what two noisy copies (energy, n) of the same spectra share."""
        n_padded = len(one) + REACH
        first, second = (np.fft.rfft(s, n_padded, axis=0) for s in (one, two))
        lagged = np.fft.irfft((first.conj() * second).real.mean(axis=1), n_padded)
        place = np.arange(n_padded)
        lag = np.minimum(np.minimum(place, n_padded - place) / REACH, 1)
        window = np.cos(0.5 * np.pi * lag) ** 2
        return cls(np.mean(one * two, axis=1), np.fft.rfft(lagged * window).real)

    def __sub__(self, other: Self) -> "LeftOut":
        return LeftOut(self.power - other.power, self.density - other.density)


def left_out(assembly: Assembly, basis: np.ndarray, fit: np.ndarray) -> LeftOut:
    """Return what the spectrometers see of what a subspace leaves out.

    Parameters
    ----------
    assembly : Assembly
    basis : (energy, component) array
    fit : (component, pixel) array
    """
    fitted = SeenImages(assembly).apply(fit)
    found = [
        part
        for i in range(SPLITS)
        for part in _of_split(assembly, basis, fitted, SEED + i)
    ]
    power = smoothed(np.mean([part.power for part in found], axis=0))
    density = np.mean([part.density for part in found], axis=0)
    return LeftOut(np.maximum(power, 0), density)


def _of_split(
    assembly: Assembly, basis: np.ndarray, fitted: np.ndarray, seed: int
) -> Iterator[LeftOut]:
    """Yield what each pair of parts shares, less what it shares of the fit."""
    parts = [limited(p, assembly) for p in assembly.split_spectra(PARTS, seed)]
    everything = np.sum(parts, axis=0)
    for pair in combinations(parts, 2):
        others = (everything - pair[0] - pair[1]) / (PARTS - 2)
        fewer = spectral_basis(others, basis.shape[1])
        of_fit = outside(fewer, basis) @ fitted
        shared = LeftOut.of(*(outside(fewer, spectra) for spectra in pair))
        yield shared - LeftOut.of(of_fit, of_fit)


def smoothed(power: np.ndarray) -> np.ndarray:
    """Return a power (energy,) averaged over neighbouring energies."""
    width = min(SMOOTHED, len(power))
    return np.asarray(scipy.ndimage.uniform_filter1d(power, width))


def limited(spectra: np.ndarray, assembly: Assembly) -> np.ndarray:
    """Return spectra (energy, n) as fine as the instruments resolve."""
    line_spread = assembly.line_spread
    return spectra if line_spread is None else band_limited(spectra, line_spread)


def outside(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    """Return what lies outside of a basis of spectra (energy, n)."""
    return np.asarray(spectra - basis @ (basis.T @ spectra))
