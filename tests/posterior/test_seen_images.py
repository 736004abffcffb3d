"""What spectrometers see of images."""

import numpy as np
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.posterior.seen_images import SeenImages
from tests.posterior.left_out_skies import SHAPE, assembled, seen
from tests.scenes import observe, sky_cube


def test_images_are_seen_as_cubes_of_one_spectrum_are() -> None:
    assembly = assembled(20.0)
    image = np.random.default_rng(0).uniform(size=SHAPE[1:])
    cube = np.broadcast_to(image, SHAPE)
    found = SeenImages(assembly).apply(image.reshape(1, -1))
    assert_allclose(found[0], seen(assembly, cube).mean(axis=0), rtol=0.05)


def test_little_is_seen_of_fine_structure() -> None:
    images = SeenImages(assembled(20.0))
    rows, columns = np.indices(SHAPE[1:])
    flat, board = np.ones((1, rows.size)), (-1.0) ** (rows + columns).reshape(1, -1)
    # Nine sky pixels make up one of the spectrometer; the field's edges lose some.
    assert 50 < np.mean(images.apply(flat) ** 2) < 81
    assert np.mean(images.apply(board) ** 2) < 0.01


def test_what_is_seen_best_fades() -> None:
    images = SeenImages(assembled(20.0))
    rows, columns = np.indices(SHAPE[1:])
    flat, board = np.ones((1, rows.size)), (-1.0) ** (rows + columns).reshape(1, -1)
    middle = np.zeros(SHAPE[1:], bool)
    middle[6:12, 6:9] = True
    assert np.abs((flat - images.best_seen(flat))[0, middle.ravel()]).max() < 0.2
    assert_allclose(images.best_seen(board), 0, atol=0.05)
    # Nothing turns: what was seen is seen less, and never the other way round.
    noise = np.random.default_rng(1).normal(size=(20, rows.size))
    before, after = (images.apply(x) for x in (noise, noise - images.best_seen(noise)))
    assert np.sum(before * after) > 0
    assert np.sum(after**2) < np.sum(before**2)


def test_pixels_without_an_unmasked_channel_are_not_seen() -> None:
    sky = sky_cube(SHAPE, 20.0)
    observations = observe(sky, rng=np.random.default_rng(1))
    counts = observations["spectrometer"]["counts"]
    mask = np.ones(counts.shape, bool)
    mask[:, 0] = False
    mask[3:, 1, 1] = False
    observations["spectrometer"]["mask"] = (counts.dims, mask)
    seen = SeenImages(Assembly(observations, SkySettings()))
    image = np.random.default_rng(0).uniform(size=(1, *SHAPE[1:]))
    found, whole = seen.apply(image.reshape(1, -1)), SeenImages(assembled(20.0))
    n_left = counts.shape[2]
    assert_allclose(found, whole.apply(image.reshape(1, -1))[:, n_left:])
    assert found.shape[1] == counts[0].size - n_left
    # What nobody sees is not what is seen best.
    assert np.abs(seen.best_seen(image.reshape(1, -1))[0, : SHAPE[2]]).max() < 0.05
