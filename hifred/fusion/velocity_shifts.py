r"""Spectra that gas of other velocities adds to the few of a subspace.

.. math:: D_k = \frac{\partial V_k}{\partial (v / c)}, \qquad
    C_v = R \begin{pmatrix} C & \\ & \frac{v^2}{c^2} G \end{pmatrix} R^T, \qquad
    G_{kk} = \bar b \, \Big\langle \frac{W_k^2}{b} \Big\rangle

with the products ``R`` of the new basis and of ``(V, D)``. Few components hold what
velocities have in common, and of the rest the counts say too little for a covariance of
its own to be learnt. But what a velocity does to a spectrum is known: where gas differs
by ``v``, the image of :math:`D_k` differs by ``v / c`` times that of the spectrum
:math:`V_k` itself. At the mean brightness places 20 pixels apart differ by ``v``, and
neighbours by a sixth of it.
"""

import numpy as np
from scipy.linalg import block_diag

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.fusion.subspace import Subspace
from hifred.solvers.shape_variation import ShapeVariation
from hifred.transforms.doppler import velocity_slopes
from hifred.transforms.low_rank import band_limited

# One shifted spectrum for so many of the few: those that vary most.
SPECTRA_PER_SHIFT = 2
# Of what shifts add, directions below this share of the strongest are rounding.
SMALLEST_SHIFT = 1e-4


def with_shifts(
    subspace: Subspace,
    variation: ShapeVariation,
    images: np.ndarray,
    *,
    velocity_km_s: float,
) -> tuple[Subspace, ShapeVariation]:
    """Return a subspace with what moving gas adds, and how its images vary.

    Parameters
    ----------
    subspace : Subspace
        Its strongest spectra first.
    variation : ShapeVariation
        Of its images.
    images : (component, pixel) array
        Its images, as the counts expect them.
    velocity_km_s : float
        How much velocities differ between places; 0 adds nothing.
    """
    basis, slopes = subspace.basis, velocity_km_s * _slopes(subspace)
    shifted = slopes * _spreads(images[: slopes.shape[1]], subspace)
    wide = np.hstack([basis, _outside(shifted, basis)])
    mixing = wide.T @ np.hstack([basis, shifted])
    plain = block_diag(variation.covariance, np.eye(shifted.shape[1]))
    return subspace.with_basis(wide), ShapeVariation(mixing @ plain @ mixing.T)


def _slopes(subspace: Subspace) -> np.ndarray:
    """Return how the strongest spectra change (energy, shift), per km/s."""
    sky, line_spread = subspace.assembly.sky, subspace.assembly.line_spread
    n_energies, n_spectra = subspace.basis.shape
    n_shifts = min(n_spectra // SPECTRA_PER_SHIFT, n_energies - n_spectra)
    slopes = velocity_slopes(
        subspace.basis[:, :n_shifts] / LIGHT_SPEED_KM_S,
        sky.energy_edges,
        sky.reference_exposure,
    )
    return slopes if line_spread is None else band_limited(slopes, line_spread)


def _spreads(images: np.ndarray, subspace: Subspace) -> np.ndarray:
    """Return the spreads (component,) of images in units of the shape's differences."""
    guide = subspace.assembly.brightness.ravel()
    return np.asarray(np.sqrt(guide.mean() * np.mean(images**2 / guide, axis=1)))


def _outside(spectra: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return orthonormal directions (energy, n) of what lies outside of a basis."""
    outside = spectra - basis @ (basis.T @ spectra)
    directions, lengths, _ = np.linalg.svd(outside, full_matrices=False)
    is_held = lengths > SMALLEST_SHIFT * np.linalg.norm(spectra)
    # Once more: what is short has lost its right angle to rounding.
    again = directions[:, is_held]
    return np.linalg.qr(again - basis @ (basis.T @ again))[0]
