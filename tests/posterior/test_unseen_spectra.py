"""Draws of what a subspace leaves out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.fusion.subspace import Subspace
from hifred.posterior.left_out import left_out
from hifred.posterior.seen_images import SeenImages
from hifred.posterior.unseen_spectra import COMPONENTS, TYPICAL, UnseenSpectra
from tests import scenes
from tests.posterior.left_out_skies import SHAPE, assembled, subspace
from tests.scenes import observe, sky_cube


def unseen_in(assembly: Assembly, basis, images, sky, learnt) -> UnseenSpectra:
    spreads = np.ones(basis.shape[1])
    return UnseenSpectra(Subspace(assembly, basis, spreads, learnt), images, sky)


def unseen_of(brightness: float, rank: int = 1) -> tuple[Assembly, UnseenSpectra]:
    assembly, sky = assembled(brightness), sky_cube(SHAPE, brightness)
    basis, images = subspace(assembly, rank, sky)
    return assembly, unseen_in(assembly, basis, images, images, basis)


def test_the_spectrometer_sees_as_much_of_draws_as_the_counts_tell() -> None:
    assembly, unseen = unseen_of(2000.0)
    rng = np.random.default_rng(2)
    seen = SeenImages(assembly)
    cubes = [
        unseen.basis @ seen.apply(unseen.draw(rng).reshape(COMPONENTS, -1))
        for _ in range(40)
    ]
    basis, images = subspace(assembly, 1, sky_cube(SHAPE, 2000.0))
    power = left_out(assembly, basis, images).power
    assert_allclose(np.mean(np.square(cubes)), TYPICAL * power.mean(), rtol=0.15)
    assert np.abs(np.mean(cubes)) < 0.1 * np.std(cubes)


def test_draws_lie_outside_of_the_subspace() -> None:
    assembly, unseen = unseen_of(2000.0, rank=2)
    basis, _ = subspace(assembly, 2, sky_cube(SHAPE, 2000.0))
    # Their strengths change with energy, but slowly.
    inside = basis.T @ unseen.basis
    assert np.linalg.norm(inside) < 0.2 * np.linalg.norm(unseen.basis)


def test_sums_over_energies_have_their_power(monkeypatch) -> None:
    # Normal random spectra would have powers that scatter by a fifth, or more.
    shape = (2 * COMPONENTS + 16, *SHAPE[1:])
    sky = sky_cube(shape, 2000.0)
    assembly = Assembly(observe(sky, rng=np.random.default_rng(1)), SkySettings())
    basis, images = subspace(assembly, 1, sky)
    powers = []
    for seed in range(6):
        monkeypatch.setattr("hifred.posterior.unseen_spectra.SEED", seed)
        spectra = unseen_in(assembly, basis, images, images, basis).basis
        summed = np.array([spectra[i : i + 8].sum(axis=0) for i in range(0, 80, 4)])
        power = np.sum(summed**2, axis=1)
        powers.append(power / power.mean())
    assert np.mean(np.std(powers, axis=0) / np.mean(powers, axis=0)) < 0.1


@pytest.mark.parametrize("pixel_factor", [1, 3])
def test_a_sharp_spectrometer_leaves_out_no_more_than_a_blurred_one(
    pixel_factor, monkeypatch
) -> None:
    # Its pixels see all of one pattern and nothing of another: without what is seen
    # best, nothing would be seen, and any power is no power.
    instruments = scenes.instruments
    sky = sky_cube(SHAPE, 200.0)

    def rms(is_sharp: bool) -> float:
        def made(*given):
            found = instruments(*given)
            if is_sharp:
                found["spectrometer"]["psf"] = found["imager"]["psf"]
            return found

        monkeypatch.setattr(scenes, "instruments", made)
        observations = observe(
            sky, rng=np.random.default_rng(1), pixel_factor=pixel_factor
        )
        assembly = Assembly(observations, SkySettings())
        basis, images = subspace(assembly, 1, sky)
        unseen = unseen_in(assembly, basis, images, images, basis)
        drawn = unseen.draw(np.random.default_rng(0))
        return float(np.std(np.tensordot(unseen.basis, drawn, axes=1)))

    assert 0 < rms(is_sharp=True) < 1.5 * rms(is_sharp=False)


def test_the_weakest_spectra_tell_the_texture_of_all_others() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 2, sky)
    turned = np.array([[0.6, -0.8], [0.8, 0.6]])
    one, other = (
        unseen_in(assembly, *pair, basis).basis
        for pair in (
            (basis, images, images),
            (basis @ turned, turned.T @ images, turned.T @ images),
        )
    )
    assert_allclose(np.mean(one**2), np.mean(other**2), rtol=1e-6)
    flat = np.concatenate([images[:1], np.ones_like(images[1:])])
    smooth = unseen_in(assembly, basis, images, flat, basis).basis
    assert np.mean(smooth**2) < np.mean(one**2)


def test_spectra_that_follow_from_the_learnt_ones_tell_no_texture() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 2, sky)
    rng = np.random.default_rng(5)
    more = rng.standard_normal((len(basis), 1))
    more -= basis @ (basis.T @ more)
    wide = np.hstack([basis, more / np.linalg.norm(more)])
    fine = np.vstack([images, 100 * rng.standard_normal((1, images.shape[1]))])
    drawn = [
        unseen_in(assembly, *parts, basis).draw(np.random.default_rng(0))
        for parts in ((basis, images, images), (wide, fine, fine))
    ]
    assert_allclose(*drawn, rtol=1e-6)


def test_a_sky_without_texture_leaves_nothing_out() -> None:
    assembly = assembled(2000.0)
    basis, images = subspace(assembly, 1, sky_cube(SHAPE, 2000.0))
    unseen = unseen_in(assembly, basis, images, 0 * images, basis)
    assert not unseen.basis.any()
    assert not unseen.draw(np.random.default_rng(0)).any()


def test_draws_are_strong_where_the_mean_spectrum_is() -> None:
    # Ten lines on a faint continuum, of which each pixel has its own shares.
    rng = np.random.default_rng(4)
    cube = np.full(SHAPE, 1.0)
    lines = np.arange(2, 24, 5)
    cube[lines] += 300 * rng.uniform(0.2, 2, (len(lines), *SHAPE[1:]))
    assembly = Assembly(observe(cube, rng=rng), SkySettings())
    basis, images = subspace(assembly, 1, cube)
    unseen = unseen_in(assembly, basis, images, images, basis)
    strengths = np.sqrt(np.mean(unseen.basis**2, axis=1))
    dark = np.setdiff1d(
        np.arange(SHAPE[0]), np.concatenate([lines - 1, lines, lines + 1])
    )
    assert strengths[lines].min() > 3 * strengths[dark].max()
