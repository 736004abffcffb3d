"""Every form of a matrix acts as its dense entries do."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose

from hifred.operators.banded import Banded, narrowest_bands
from hifred.operators.matrix import (
    Dense,
    Diagonal,
    Factored,
    Identity,
    Kronecker,
    Matrix,
    Sparse,
    Weighted,
)
from hifred.operators.structure import structure, weighted
from hifred.threads import use_threads

RNG = np.random.default_rng(1)
MATRIX_CASES: dict[type[Matrix], Matrix] = {
    Identity: Identity(6),
    Diagonal: Diagonal(RNG.random(6)),
    Dense: Dense(RNG.standard_normal((3, 7))),
    Sparse: Sparse(scipy.sparse.random_array((5, 8), density=0.3, rng=RNG)),
    Factored: Factored(RNG.standard_normal((5, 2)), RNG.standard_normal((2, 7))),
    Kronecker: Kronecker(
        RNG.standard_normal((2, 2, 4)), RNG.standard_normal((2, 3, 6))
    ),
    Banded: narrowest_bands(scipy.sparse.csr_array(np.triu(RNG.random((40, 12)), -9))),
    Weighted: Weighted(Dense(RNG.standard_normal((3, 5))), RNG.random(5)),
}


def cases() -> list:
    return [pytest.param(m, id=c.__name__) for c, m in MATRIX_CASES.items()]


def test_every_matrix_has_a_case() -> None:
    assert set(Matrix.__subclasses__()) == set(MATRIX_CASES)


@pytest.mark.parametrize("matrix", cases())
def test_columns_rows_and_transposes_agree_with_the_entries(matrix: Matrix) -> None:
    dense = matrix.to_dense()
    assert dense.shape == matrix.shape
    x, y = RNG.random((matrix.shape[1], 4)), RNG.random((matrix.shape[0], 4))
    assert_allclose(matrix.apply(x), dense @ x, atol=1e-13)
    assert_allclose(matrix.adjoint(y), dense.T @ y, atol=1e-13)
    assert_allclose(matrix.apply_rows(x.T), x.T @ dense.T, atol=1e-13)
    assert_allclose(matrix.adjoint_rows(y.T), y.T @ dense, atol=1e-13)


@pytest.mark.parametrize("matrix", cases())
def test_squared_squares_the_entries(matrix: Matrix) -> None:
    assert_allclose(matrix.squared().to_dense(), matrix.to_dense() ** 2, atol=1e-13)


@pytest.mark.parametrize("matrix", cases())
def test_single_precision_stays_single(matrix: Matrix) -> None:
    x = RNG.random((matrix.shape[1], 2)).astype(np.float32)
    narrow = matrix.astype(np.float32).apply(x)
    assert narrow.dtype == np.float32
    assert_allclose(narrow, matrix.apply(x), rtol=1e-4, atol=1e-5)


def test_a_kronecker_sum_is_the_sum_of_kronecker_products() -> None:
    matrix = MATRIX_CASES[Kronecker]
    assert isinstance(matrix, Kronecker)
    pairs = zip(matrix.along_y, matrix.along_x, strict=True)
    assert_allclose(matrix.to_dense(), sum(np.kron(y, x) for y, x in pairs))


def _smooth(n: int) -> np.ndarray:
    offset = np.arange(n)[:, None] - np.arange(n)
    return np.exp(-0.5 * (offset / 40.0) ** 2)


@pytest.mark.parametrize(
    ("entries", "form"),
    [
        (np.eye(5), Identity),
        (np.diag([1.0, 2.0, 3.0]), Diagonal),
        (np.ones((4, 6)), Dense),
        (scipy.sparse.eye_array(300, k=1), Sparse),
        (_smooth(600), Factored),
        (np.tri(400, 400, 3) * np.tri(400, 400, 9).T, Banded),
        (np.random.default_rng(2).random((600, 600)), Dense),
    ],
    ids=["identity", "diagonal", "dense", "sparse", "thin", "banded", "full"],
)
def test_structure_finds_the_cheapest_form(entries: np.ndarray, form: type) -> None:
    found = structure(entries)
    assert type(found) is form
    dense = entries if isinstance(entries, np.ndarray) else entries.toarray()
    assert_allclose(found.to_dense(), dense, atol=1e-11 * np.linalg.norm(dense, 2))


def test_bands_without_entries_are_zero() -> None:
    entries = np.zeros((90, 30))
    entries[:10, :20] = RNG.random((10, 20))
    entries[80:, 5:] = RNG.random((10, 25))
    found = narrowest_bands(scipy.sparse.csr_array(entries))
    assert any(band.entries.size == 0 for band in found.bands)
    assert_allclose(found.to_dense(), entries)
    assert_allclose(found.adjoint(np.eye(90)), entries.T)


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_threads_share_the_columns_of_bands(n_threads: int) -> None:
    matrix = MATRIX_CASES[Banded]
    x, y = RNG.random((matrix.shape[1], 7)), RNG.random((matrix.shape[0], 7))
    with use_threads(n_threads):
        assert_allclose(matrix.apply(x), matrix.to_dense() @ x)
        assert_allclose(matrix.adjoint(y), matrix.to_dense().T @ y)


@pytest.mark.parametrize("matrix", cases())
def test_weighting_the_columns_multiplies_them(matrix: Matrix) -> None:
    weights = RNG.random(matrix.shape[1])
    found = weighted(matrix, weights).to_dense()
    assert_allclose(found, matrix.to_dense() * weights, atol=1e-13)
    assert weighted(matrix, np.ones(matrix.shape[1])) is matrix
