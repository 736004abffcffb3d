r"""Spectra that gas of other velocities adds to the few of a subspace.

.. math:: D_k = \frac{\partial V_k}{\partial (v / c)}, \qquad
    C' = R \begin{pmatrix} C & \\ & \frac{v^2}{c^2} G \end{pmatrix} R^T, \qquad
    G_{kk} = \bar b \, \Big\langle \frac{W_k^2}{b} \Big\rangle

Of lines that move by less than their width the spectrometer's noise hides all but the
common motion, so that a few components leave most velocities out, and a covariance
that is learnt from the counts alone gives them to no one. But what a velocity does to a
spectrum is known: where gas differs by ``v`` from its neighbours, the image of
:math:`D_k` differs by ``v`` times that of the spectrum :math:`V_k` itself.
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
    """Return the subspace with shifted spectra, and the covariance of all images.

    Parameters
    ----------
    subspace : Subspace
        Its strongest spectra first.
    variation : ShapeVariation
        Of its images.
    images : (component, pixel) array
        Its images that the counts expect.
    velocity_km_s : float
        By how much gas of neighbouring pixels differs; 0 adds nothing.
    """
    slopes = _slopes(subspace) * velocity_km_s / LIGHT_SPEED_KM_S
    shifted = slopes * _spreads(images[: slopes.shape[1]], subspace)
    basis = np.hstack([subspace.basis, _directions(shifted, subspace.basis)])
    mixing = basis.T @ np.hstack([subspace.basis, shifted])
    own = block_diag(variation.covariance, np.eye(shifted.shape[1]))
    return subspace.with_basis(basis), ShapeVariation(mixing @ own @ mixing.T)


def _slopes(subspace: Subspace) -> np.ndarray:
    """Return the change of the strongest spectra with velocity, (energy, shift)."""
    sky, line_spread = subspace.assembly.sky, subspace.assembly.line_spread
    n_energies, n_spectra = subspace.basis.shape
    n_shifts = min(n_spectra // SPECTRA_PER_SHIFT, n_energies - n_spectra)
    slopes = velocity_slopes(
        subspace.basis[:, :n_shifts], sky.energy_edges, sky.reference_exposure
    )
    return slopes if line_spread is None else band_limited(slopes, line_spread)


def _spreads(images: np.ndarray, subspace: Subspace) -> np.ndarray:
    """Return the spreads (component,) of images in units of the shape's differences."""
    guide = subspace.assembly.brightness.ravel()
    return np.asarray(np.sqrt(guide.mean() * np.mean(images**2 / guide, axis=1)))


def _directions(spectra: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return orthonormal directions (energy, n) of what lies outside of a basis."""
    outside = spectra - basis @ (basis.T @ spectra)
    directions, lengths, _ = np.linalg.svd(outside, full_matrices=False)
    is_held = lengths > SMALLEST_SHIFT * np.linalg.norm(spectra)
    # Once more: what is short has lost its right angle to rounding.
    again = directions[:, is_held]
    return np.linalg.qr(again - basis @ (basis.T @ again))[0]
