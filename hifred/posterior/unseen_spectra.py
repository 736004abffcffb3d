r"""Spectra of the sky that lie outside of the few that a cube is made of.

A subspace holds what stands out of the noise of the spectrometer. The rest of the sky
is in no draw of its images, though the counts tell how much the spectrometer sees of
it, and how its energies hang together: see `hifred.posterior.left_out`. Of that a draw
has the power at each energy, and the mean products of neighbours, without which lines'
fluxes and velocities would err less than they do:

.. math:: O = U F, \qquad U_{ek} \propto \sqrt{\bar s_e} \, (g * \epsilon_k)_e

with random spectra ``U`` outside of the subspace (but for what a slow change of their
strength with energy brings back), as strong in bright lines as the noise that they do
not stand out of (:math:`\bar s` is the mean spectrum). Each
:math:`\epsilon_k` is a comb, :math:`\pm 1` at every K-th energy: any sum over fewer
than ``K`` energies has the power that it should have, where that of some normal spectra
is itself random.

Images ``F`` are as fine as those of the weakest spectra within the subspace (see
`SkyFields`), less what the spectrometer sees best, which would be in the subspace.
"""

from functools import cached_property
from typing import final

import numpy as np

from hifred.fusion.assembly import Assembly
from hifred.fusion.subspace import Subspace
from hifred.operators.response import Response
from hifred.posterior.left_out import (
    REACH,
    LeftOut,
    left_out,
    limited,
    outside,
    smoothed,
)
from hifred.posterior.seen_images import SeenImages
from hifred.posterior.sky_fields import SkyFields

# Random spectra: combs of all energies that may hang together.
COMPONENTS = REACH
# Where the subspace leaves less than this share of random spectra, no more is put in.
SMALLEST_LEFT = 0.05
# The mean spectrum, and powers at frequencies, are kept above this share of their mean.
FAINTEST = 1e-3
# The power of most places over the mean power. Skies are uneven: by the truth of toy
# models what is left out is stronger in some places and energies, which no count tells,
# and half of all have this share of the mean or less.
TYPICAL = 0.7
# How much of what is seen best is taken off random images: all of it, but as much as
# leaves this share of what is seen of the weakest spectra. Where the pixels of one blur
# more than its PSF, all would leave nothing that it sees.
FADINGS, LEAST_SEEN = (1.0, 0.75, 0.5, 0.25, 0.0), 0.25
# Random images, whose power the spectrometer's is compared with.
PROBES = 64
# The weakest spectra are one of so many.
WEAKEST = 4
SEED = 0


@final
class UnseenSpectra:
    """Random parts of the sky that a subspace leaves out.

    Parameters
    ----------
    subspace : Subspace
    fit, sky : (component, pixel) arrays
        Images of the fit, and of what the sky may be in this subspace, which is less
        smooth.
    """

    def __init__(self, subspace: Subspace, fit: np.ndarray, sky: np.ndarray) -> None:
        assembly, basis = subspace.assembly, subspace.basis
        self._assembly, self._seen = assembly, SeenImages(assembly)
        weakest = _weakest(subspace).T @ basis @ sky
        textures = weakest.reshape(-1, *assembly.brightness.shape)
        self._fields = SkyFields.like(assembly, textures)
        probes = self._fields.draw(np.random.default_rng(SEED), PROBES)
        least = LEAST_SEEN * self._seen.share(weakest)
        self._fading, power = self._most_fading(probes.reshape(PROBES, -1), least)
        spectra = _random_spectra(assembly, basis, left_out(assembly, basis, fit))
        # Images that are zero have no power, whatever their spectra.
        scale = TYPICAL / (COMPONENTS * power) if power else 0.0
        self.basis: np.ndarray = spectra * np.sqrt(scale)
        """Spectra (energy, component) of the images that `draw` returns."""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Return random coefficient images (component, y, x)."""
        fields = self._fields.draw(rng, COMPONENTS)
        flat = fields.reshape(COMPONENTS, -1)
        return self._faded(flat, self._fading).reshape(fields.shape)

    def expected_counts(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return what images add to the counts (channel, y, x) of each instrument."""
        return {name: r.apply(images) for name, r in self._responses.items()}

    @cached_property
    def _responses(self) -> dict[str, Response]:
        responses = self._assembly.responses
        return {name: r.in_basis(self.basis) for name, r in responses.items()}

    def _most_fading(self, images: np.ndarray, least: float) -> tuple[float, float]:
        """Return how much of what is seen best goes, and the power that is seen then.

        At least a share of the power of the images (n, pixel) themselves.
        """
        least_power = least * float(np.mean(images**2))
        whole, best = (
            self._seen.apply(w) for w in (images, self._seen.best_seen(images))
        )
        for fading in FADINGS:
            seen = float(np.mean((whole - fading * best) ** 2))
            if seen >= least_power:
                break
        return fading, seen

    def _faded(self, images: np.ndarray, fading: float) -> np.ndarray:
        return images - fading * self._seen.best_seen(images)


def _weakest(subspace: Subspace) -> np.ndarray:
    """Return the weakest learnt spectra (energy, n).

    Those that follow from them, as by shifts, are finer than what is left out.
    """
    n_learnt = subspace.learnt.shape[1]
    return subspace.learnt[:, n_learnt - max(n_learnt // WEAKEST, 1) :]


def _random_spectra(assembly: Assembly, basis: np.ndarray, left: LeftOut) -> np.ndarray:
    """Return spectra (energy, component) outside of a basis, as strong as is left."""
    mean = np.maximum(limited(assembly.spectra, assembly).mean(axis=1), 0)
    noise = np.sqrt(np.maximum(mean, FAINTEST * mean.mean()))[:, None]
    combs = limited(_combs(len(basis)), assembly)
    plain = outside(basis, noise * combs)
    shaped = noise * _filtered(combs, left.density, LeftOut.of(plain, plain).density)
    beyond = outside(basis, shaped)
    before, after = (smoothed(np.mean(u**2, axis=1)) for u in (shaped, beyond))
    lowest = np.maximum(SMALLEST_LEFT * before, np.finfo(float).tiny)
    return beyond * np.sqrt(left.power / np.maximum(after, lowest))[:, None]


def _combs(n_energies: int) -> np.ndarray:
    """Return combs (energy, component) of mean square 1, `COMPONENTS` apart."""
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], n_energies)
    places = np.arange(n_energies)
    combs = np.zeros((n_energies, COMPONENTS))
    combs[places, places % COMPONENTS] = np.sqrt(COMPONENTS) * signs
    return combs


def _filtered(spectra: np.ndarray, wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return spectra (energy, component) with another power at each frequency."""
    above, below = (_unit_mean(np.maximum(d, 0)) + FAINTEST for d in (wanted, found))
    n_padded = len(spectra) + REACH
    filtered = np.fft.rfft(spectra, n_padded, axis=0) * np.sqrt(above / below)[:, None]
    return np.asarray(np.fft.irfft(filtered, n_padded, axis=0)[: len(spectra)])


def _unit_mean(density: np.ndarray) -> np.ndarray:
    return np.asarray(density / max(float(density.mean()), np.finfo(float).tiny))
