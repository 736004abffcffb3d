"""The response of an instrument is linear with an exact adjoint."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.operators.matrix import Diagonal, Identity
from hifred.operators.response import Response
from hifred.operators.spatial import blur_and_rebin
from hifred.operators.spectral import convolution_matrix, rebinning_matrix
from hifred.operators.structure import structure
from tests.laws import assert_adjoint

RNG = np.random.default_rng(7)


def imager(shape: tuple[int, int, int], factor: int = 2) -> Response:
    n_energies, n_rows, n_columns = shape
    area = np.diag(RNG.random(n_energies) + 0.5)
    blur = convolution_matrix(np.array([0.2, 0.5, 0.3]), n_energies)
    spectral = structure(rebinning_matrix(n_energies, factor) @ blur @ area)
    spatial = Identity(n_rows * n_columns)
    return Response(
        [(spectral, spatial)], shape, (n_energies // factor, n_rows, n_columns)
    )


def spectrometer(shape: tuple[int, int, int], *, factor: int = 3) -> Response:
    n_energies, n_rows, n_columns = shape
    psf = RNG.random((5, 3))
    pairs = [
        (
            Diagonal(RNG.random(n_energies) + 0.5),
            blur_and_rebin(psf, (n_rows, n_columns), factor=factor),
        )
        for _ in range(2)
    ]
    data_shape = (n_energies, n_rows // factor, n_columns // factor)
    return Response(pairs, shape, data_shape)


@pytest.mark.parametrize("shape", [(4, 6, 9), (6, 9, 6), (2, 3, 12)])
@pytest.mark.parametrize("instrument", [imager, spectrometer])
def test_the_adjoint_is_exact(instrument, shape: tuple[int, int, int]) -> None:
    assert_adjoint(instrument(shape), RNG)


def test_a_wrong_adjoint_is_found() -> None:
    class Wrong(Response.__mro__[1]):
        input_shape = output_shape = (3,)

        def apply(self, x: np.ndarray) -> np.ndarray:
            return 1.001 * x

        def adjoint(self, y: np.ndarray) -> np.ndarray:
            return y

    with pytest.raises(AssertionError):
        assert_adjoint(Wrong(), RNG)


def test_pairs_sum_as_dense_matrices_do() -> None:
    shape = (4, 6, 9)
    response = spectrometer(shape)
    sky = RNG.random(shape)
    expected = sum(
        g.to_dense() @ sky.reshape(4, -1) @ k.to_dense().T for g, k in response.pairs
    )
    assert_allclose(response.apply(sky).reshape(4, -1), expected, rtol=1e-12)


def test_a_basis_commutes_with_the_response() -> None:
    basis = RNG.standard_normal((4, 2))
    images = RNG.standard_normal((2, 6, 9))
    response = spectrometer((4, 6, 9))
    through_cube = response.apply(np.tensordot(basis, images, axes=1))
    assert_allclose(response.in_basis(basis).apply(images), through_cube, rtol=1e-10)


def test_single_precision_is_kept() -> None:
    response = imager((4, 6, 9)).astype(np.float32)
    assert response.apply(np.ones((4, 6, 9), np.float32)).dtype == np.float32


def test_a_pair_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match="spatial matrix must have shape"):
        Response([(Identity(4), Identity(5))], (4, 2, 3), (4, 2, 3))
    with pytest.raises(ValueError, match="spectral matrix must have shape"):
        Response([(Identity(5), Identity(6))], (4, 2, 3), (4, 2, 3))
