"""Spectra where no channel sees: continuous, and no noise that counts many times."""

import numpy as np
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly
from hifred.fusion.settings import FusionSettings
from hifred.fusion.unseen_energies import continued, faded
from hifred.transforms.low_rank import rank_above_noise, spectral_basis
from tests.scenes import observe, sky_cube

CUBE = sky_cube((60, 12, 15))
MARGIN = 50


def assembly(margin: int) -> Assembly:
    data = observe(CUBE, rng=np.random.default_rng(3))
    settings = FusionSettings(regularizer="guided", margin_channels=margin)
    return Assembly(data, settings)


def test_known_energies_keep_their_values() -> None:
    spectra = np.random.default_rng(2).gamma(2.0, size=(4, 5))
    known = np.array([2, 3, 6, 7])
    for function in (continued, faded):
        assert_allclose(function(spectra, known, 10)[known], spectra)


def test_what_is_unknown_follows_the_mean_and_the_brightness() -> None:
    spectra = np.outer([1.0, 2.0], [3.0, 4.0, 5.0])
    whole = continued(spectra, np.array([1, 2]), 5)
    assert_allclose(whole, np.outer([1.0, 1.0, 2.0, 2.0, 2.0], [3.0, 4.0, 5.0]))


def test_what_sets_a_spectrum_apart_fades_with_the_distance() -> None:
    noise = np.array([[1.0, -1.0], [-1.0, 1.0]])
    whole = faded(noise, np.array([2, 3]), 7)
    assert_allclose(whole[:, 0], [0.5, 1, 1, -1, -1, -0.5, -1 / 3])
    unlike = continued(np.ones((2, 2)) + 0.1 * noise, np.array([2, 3]), 7)
    assert_allclose(unlike - 1, 0.1 * whole)


def test_without_counts_nothing_is_continued() -> None:
    assert_allclose(continued(np.zeros((2, 3)), np.array([0, 1]), 4), 0)


def test_a_margin_of_energies_takes_the_place_of_no_component() -> None:
    ranks = []
    for margin in (0, MARGIN):
        some = assembly(margin)
        ranks.append(rank_above_noise(some.spectra, some.spectra_noise))
    assert ranks[0] == ranks[1] > 1


def test_the_spectra_of_the_sky_stay_in_the_subspace_with_a_margin() -> None:
    sky = CUBE.reshape(len(CUBE), -1)
    missed = []
    for margin in (0, MARGIN):
        basis = spectral_basis(assembly(margin).spectra, 3)
        inside = np.linalg.qr(basis[margin : margin + len(sky)])[0]
        missed.append(np.linalg.norm(sky - inside @ (inside.T @ sky)))
    assert missed[1] < 1.1 * missed[0]
