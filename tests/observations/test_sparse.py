"""Sparse matrices survive being taken apart."""

import numpy as np
import pytest
import scipy.sparse
import xarray as xr
from numpy.testing import assert_array_equal

from hifred.errors import SchemaError
from hifred.observations.sparse import has_sparse, read_sparse, sparse_variables

MATRIX = scipy.sparse.random_array((5, 8), density=0.3, rng=1)


def test_round_trip() -> None:
    dataset = xr.Dataset(sparse_variables("blur", MATRIX))
    assert has_sparse(dataset, "blur")
    assert not has_sparse(dataset, "other")
    assert_array_equal(read_sparse(dataset, "blur", (5, 8)).toarray(), MATRIX.toarray())


def test_an_empty_matrix_survives() -> None:
    dataset = xr.Dataset(sparse_variables("blur", np.zeros((3, 4))))
    assert read_sparse(dataset, "blur", (3, 4)).nnz == 0


def test_missing_or_misshapen_parts_are_told() -> None:
    dataset = xr.Dataset(sparse_variables("blur", MATRIX))
    with pytest.raises(SchemaError, match="missing blur_indptr"):
        read_sparse(dataset.drop_vars("blur_indptr"), "blur", (5, 8))
    with pytest.raises(SchemaError, match=r"blur must be a matrix of shape \(4, 8\)"):
        read_sparse(dataset, "blur", (4, 8))
    with pytest.raises(SchemaError, match="compressed rows"):
        read_sparse(dataset, "blur", (5, 2))
