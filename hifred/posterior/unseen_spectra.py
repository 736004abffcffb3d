r"""Spectra of the sky that lie outside of the few that a cube is made of.

A subspace holds what stands out of the noise of the spectrometer. The rest of the sky
is in no draw of its images, though the counts tell how much it is: the spectra of two
random quarters of the events, less their projection on the subspace of all others, have
the rest in common and no noise. Their mean product is its power, but for what the
subspace of all others leaves out because its events are fewer. That is what it leaves
of the fit ``f``: what a mean of some events differs by from that of all is independent
of the latter. So


.. math:: P_e = \langle r^{(1)}_{en} \, r^{(2)}_{en} \rangle_n
    - \langle r^{(f)}_{en} \, r^{(f)}_{en} \rangle_n

That is the power of what the spectrometer sees. It sees the same share of it as of the
weakest spectra within the subspace, those that the counts have shown just so.

What the rest looks like is not known. A draw is as fine as the instruments resolve in
energy (`band_limited`), strong in bright lines, as all that varies, and has images as
`SkyFields` ``F``,

.. math:: O = U F, \qquad U_{ek} \propto \bar s_e \, \epsilon_{ek},
    \qquad \epsilon \sim N(0, 1)

with the mean spectrum :math:`\bar s` and random spectra ``U`` outside of the subspace.
"""

from functools import cached_property
from itertools import combinations
from typing import final

import numpy as np
import scipy.ndimage

from hifred.fusion.assembly import Assembly
from hifred.operators.response import Response
from hifred.posterior.sky_fields import SkyFields
from hifred.transforms.low_rank import band_limited, spectral_basis

# Random spectra: the power of a bin of energy, and of any sum of bins, is that of a
# chi-squared of so many degrees of freedom.
COMPONENTS = 16
# Parts of the events: each pair is held against the subspace of the others. By the six
# pairs of two splits the power is as well known as the counts allow, to some per cent.
PARTS, SPLITS = 4, 2
# Energy bins over which the power, which has the noise of the counts, is smoothed.
SMOOTHED = 401
# Where the subspace leaves less than this share of random spectra, no more is put in.
SMALLEST_LEFT = 0.05
# The weakest spectra are one of so many.
WEAKEST = 4
SEED = 0


@final
class UnseenSpectra:
    """Random parts of the sky that a subspace leaves out.

    Parameters
    ----------
    assembly : Assembly
    basis : (energy, component) array
        The subspace, orthonormal.
    fit, sky : (component, pixel) arrays
        Images of the fit, and of what the sky may be in this subspace, which is less
        smooth.
    """

    def __init__(
        self, assembly: Assembly, basis: np.ndarray, fit: np.ndarray, sky: np.ndarray
    ) -> None:
        self._assembly, self._fields = assembly, SkyFields(assembly)
        share = share_seen(assembly, _weakest(assembly, basis, sky))
        spectra = _random_spectra(assembly, basis, fit)
        scale = COMPONENTS * share * self._fields.mean_square
        self.basis: np.ndarray = spectra / np.sqrt(scale)
        """Spectra (energy, component) of the images that `draw` returns."""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return random coefficient images (component, y, x)."""
        return self._fields.draw(rng, COMPONENTS)

    def expected_counts(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return what images add to the counts (channel, y, x) of each instrument."""
        return {name: r.apply(images) for name, r in self._responses.items()}

    @cached_property
    def _responses(self) -> dict[str, Response]:
        responses = self._assembly.responses
        return {name: r.in_basis(self.basis) for name, r in responses.items()}


def left_out_power(
    assembly: Assembly, basis: np.ndarray, fit: np.ndarray
) -> np.ndarray:
    """Return the power (energy,) of what a subspace leaves out.

    The mean square of the spectrometers' spectra, in their units, without noise.

    Parameters
    ----------
    assembly : Assembly
    basis : (energy, component) array
    fit : (component, pixel) array
    """
    seen = _as_seen(assembly, fit)
    between = seen @ seen.T / seen.shape[1]
    powers = [
        _power_of_split(assembly, basis, between, SEED + i) for i in range(SPLITS)
    ]
    return np.maximum(_smoothed(np.mean(powers, axis=0)), 0)


def _power_of_split(
    assembly: Assembly, basis: np.ndarray, between: np.ndarray, seed: int
) -> np.ndarray:
    """Return the power (energy,) by one split; products `between` images of the fit."""
    parts = [_limited(p, assembly) for p in assembly.split_spectra(PARTS, seed)]
    everything, powers = np.sum(parts, axis=0), []
    for pair in combinations(parts, 2):
        others = (everything - pair[0] - pair[1]) / (PARTS - 2)
        fewer = spectral_basis(others, basis.shape[1])
        one, two, of_fit = (_outside(fewer, s) for s in (*pair, basis))
        power = np.mean(one * two, axis=1)
        powers.append(power - np.einsum("ec,cd,ed->e", of_fit, between, of_fit))
    return np.mean(powers, axis=0)


def share_seen(assembly: Assembly, images: np.ndarray) -> float:
    """Return the mean square of images (n, pixel) as spectrometers see them, over it.

    1 where there is nothing to be seen.
    """
    power = float(np.mean(images**2))
    return float(np.mean(_as_seen(assembly, images) ** 2)) / power if power else 1.0


def _weakest(assembly: Assembly, basis: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Return the images (component, pixel) of the weakest spectra of a sky."""
    n_strong = basis.shape[1] - max(basis.shape[1] // WEAKEST, 1)
    if not n_strong:
        return sky
    strong = spectral_basis(_limited(assembly.spectra, assembly), n_strong)
    _, lengths, directions = np.linalg.svd(_outside(strong, basis), full_matrices=False)
    return np.asarray(lengths[:, None] * (directions @ sky))


def _random_spectra(
    assembly: Assembly, basis: np.ndarray, fit: np.ndarray
) -> np.ndarray:
    """Return spectra (energy, component) outside of a basis, as strong as is left."""
    power = left_out_power(assembly, basis, fit)
    mean = _limited(assembly.spectra, assembly).mean(axis=1)
    white = np.random.default_rng(SEED).standard_normal((len(power), COMPONENTS))
    shaped = _limited(white, assembly) * np.maximum(mean, 0)[:, None]
    outside = _outside(basis, shaped)
    before, left = (_smoothed(np.mean(u**2, axis=1)) for u in (shaped, outside))
    lowest = np.maximum(SMALLEST_LEFT * before, np.finfo(float).tiny)
    return outside * np.sqrt(power / np.maximum(left, lowest))[:, None]


def _smoothed(power: np.ndarray) -> np.ndarray:
    width = min(SMOOTHED, len(power))
    return np.asarray(scipy.ndimage.uniform_filter1d(power, width))


def _limited(spectra: np.ndarray, assembly: Assembly) -> np.ndarray:
    line_spread = assembly.line_spread
    return spectra if line_spread is None else band_limited(spectra, line_spread)


def _outside(basis: np.ndarray, spectra: np.ndarray) -> np.ndarray:
    return np.asarray(spectra - basis @ (basis.T @ spectra))


def _as_seen(assembly: Assembly, images: np.ndarray) -> np.ndarray:
    """Return images (n, pixel) as the spectrometers see them, (n, their pixels)."""
    names = sorted(assembly.spectrometers)
    return np.hstack([_seen_by(assembly, name, images) for name in names])


def _seen_by(assembly: Assembly, name: str, images: np.ndarray) -> np.ndarray:
    pairs = assembly.responses[name].pairs
    weights = np.array([float(np.sum(g.to_dense())) for g, _ in pairs])
    parts = [
        weight * k.apply_rows(images)
        for weight, (_, k) in zip(weights / weights.sum(), pairs, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))
