import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.threads import use_threads
from hifred.transforms.median import PUBLISHED_MAD, median_absolute_deviation
from hifred.transforms.starlet import Starlet1D, Starlet2D, Starlet2D1D
from tests.laws import assert_adjoint

TRANSFORMS = [
    Starlet2D((2, 5, 7), 2),
    Starlet2D((1, 3, 11), 3),  # holes wider than the image
    Starlet1D((9,), 3),
    Starlet1D((13, 2, 3), 2),
    Starlet1D((6, 5, 9), 1),  # more pixels than one tile
    Starlet2D1D((11, 5, 4), 2, 3),
]


def dense_smoothing(length: int, scale: int) -> np.ndarray:
    matrix = np.zeros((length, length))
    for tap, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
        padded = np.pad(np.arange(length), 40, mode="symmetric")
        for i in range(length):
            matrix[i, padded[40 + i + tap * 2**scale]] += weight / 16
    return matrix


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_adjoint_is_the_exact_transpose(transform, rng):
    assert_adjoint(transform, rng)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_planes_sum_to_the_array(transform, rng):
    x = rng.standard_normal(transform.input_shape)
    assert_allclose(transform.reconstruct(transform.apply(x)), x, atol=1e-13)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_single_precision_stays_single_and_agrees(transform, rng):
    x = rng.standard_normal(transform.input_shape)
    single = transform.apply(x.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, transform.apply(x), atol=2e-6)


def test_planes_agree_with_dense_matrices(rng):
    image = rng.standard_normal((5, 8))
    smooth = image
    for scale, plane in enumerate(Starlet2D((1, 5, 8), 2).apply(image[None])[:-1]):
        rows, columns = dense_smoothing(5, scale), dense_smoothing(8, scale)
        smoother = rows @ smooth @ columns.T
        assert_allclose(plane[0], smooth - smoother, atol=1e-14)
        smooth = smoother


def test_a_flat_cube_has_no_fine_planes():
    planes = Starlet2D1D((6, 5, 4), 1, 2).apply(np.full((6, 5, 4), 3.0))
    assert_allclose(planes[:-1], 0, atol=1e-14)
    assert_allclose(planes[-1, :-1], 0, atol=1e-14)
    assert_allclose(planes[-1, -1], 3)


def test_clipping_agrees_with_the_stored_planes(rng):
    transform = Starlet2D1D((11, 5, 7), 2, 3)
    cube = rng.standard_normal((11, 5, 7))
    fine = transform.images.apply(cube)[:-1]
    stored = transform.apply(cube)
    for threshold in (0.05, rng.uniform(0, 0.1, cube.shape)):
        clipped = np.clip(stored[:-1, :-1], -threshold, threshold)
        found, magnitude = transform.subtract_clipped(cube, fine, threshold)
        assert_allclose(found, cube - clipped.sum((0, 1)), atol=1e-14)
        assert magnitude == pytest.approx(np.abs(stored[:-1, :-1] - clipped).sum())
    assert_allclose(transform.first_fine_plane(fine), stored[0, 0], atol=1e-14)
    assert_allclose(transform.coarse(cube), stored[-1, -1], atol=1e-14)


def test_result_does_not_depend_on_the_number_of_threads(rng):
    transform = Starlet2D1D((12, 9, 11), 2, 2)
    cube = rng.standard_normal((12, 9, 11))
    with use_threads(1):
        one = transform.apply(cube)
    with use_threads(3):
        assert np.array_equal(one, transform.apply(cube))


@pytest.mark.parametrize("energy_scales", [1, 2, 3])
@pytest.mark.parametrize("shape", [(61, 5, 3), (9, 4, 11), (3, 13, 12)])
def test_planes_row_by_row_agree_with_the_stored_ones(shape, energy_scales, rng):
    transform = Starlet2D1D(shape, 2, energy_scales)
    cube = rng.standard_normal(shape)
    stored = transform.apply(cube)
    fine = transform.images.fine(cube)
    assert_allclose(fine, transform.images.apply(cube)[:-1], atol=1e-14)
    assert_allclose(transform.first_fine_plane(fine), stored[0, 0], atol=1e-14)
    assert_allclose(transform.coarse_spectra(cube, fine), stored[-1, -1], atol=1e-14)
    clipped = np.clip(stored[:-1, :-1], -0.1, 0.1)
    with use_threads(4):
        found, magnitude = transform.subtract_clipped(cube, fine, 0.1)
    assert_allclose(found, cube - clipped.sum((0, 1)), atol=1e-14)
    assert magnitude == pytest.approx(np.abs(stored[:-1, :-1] - clipped).sum())
    with use_threads(1):
        alone = transform.subtract_clipped(cube, fine, 0.1)
    assert np.array_equal(found, alone[0])
    assert magnitude == alone[1]


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_planes_agree_with_the_published_transforms(name, shared_data):
    arrays = np.load(shared_data / "reference_operators" / f"{name}.npz")
    cube = arrays["Z_noisy"]
    image, spectrum, part = cube[3:4], cube[:, 2, 3], cube[:45]
    found = Starlet2D(image.shape, 2).apply(image)[:, 0]
    expected = np.moveaxis(arrays["starlet2d_channel3_J2_planes"], -1, 0)
    assert_allclose(found[:-1], expected, atol=1e-10)
    assert_allclose(found[-1], arrays["starlet2d_channel3_J2_coarse"], atol=1e-10)
    found = Starlet1D(spectrum.shape, 3).apply(spectrum)
    assert_allclose(found[:-1].T, arrays["starlet1d_pixel_2_3_J3_planes"], atol=1e-10)
    assert_allclose(found[-1], arrays["starlet1d_pixel_2_3_J3_coarse"], atol=1e-10)
    found = Starlet2D1D(part.shape, 2, 2).apply(part)
    ww = np.moveaxis(arrays["starlet2d1d_first45_ww"], (-2, -1), (0, 1))
    assert_allclose(found[:-1, :-1], ww, atol=1e-10)
    wc = np.moveaxis(arrays["starlet2d1d_first45_wc"], -1, 0)
    assert_allclose(found[:-1, -1], wc, atol=1e-10)
    cw = np.moveaxis(arrays["starlet2d1d_first45_cw"], -1, 0)
    assert_allclose(found[-1, :-1], cw, atol=1e-10)
    assert_allclose(found[-1, -1], arrays["starlet2d1d_first45_cc"], atol=1e-10)


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_noise_agrees_with_the_published_threshold(name, shared_data):
    arrays = np.load(shared_data / "reference_operators" / f"{name}.npz")
    cube = arrays["Z_noisy"]
    transform = Starlet2D1D(cube.shape, 2, 3)
    plane = transform.first_fine_plane(transform.images.apply(cube)[:-1])
    threshold = 0.5 * median_absolute_deviation(plane, PUBLISHED_MAD)
    expected = arrays["pws_2d1d_threshold_k0.5_J1D3_J2D2"]
    assert threshold == pytest.approx(float(expected), rel=1e-10)


def test_a_transform_without_scales_is_refused():
    with pytest.raises(HifredError, match="n_scales must be at least 1; got 0"):
        Starlet2D((2, 5, 7), 0)
    with pytest.raises(HifredError, match="energy_scales must be at least 1"):
        Starlet2D1D((2, 5, 7), 1, 0)


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(HifredError, match=r"must have shape \(2, 5, 7\); got"):
        Starlet2D((2, 5, 7)).apply(np.zeros((2, 7, 5)))
