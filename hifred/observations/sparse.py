"""Sparse matrices inside a Dataset, as the three arrays of compressed rows."""

import numpy as np
import scipy.sparse
import xarray as xr

from hifred.errors import SchemaError

PARTS = ("data", "indices", "indptr")


def sparse_variables(
    name: str, matrix: scipy.sparse.sparray | np.ndarray
) -> dict[str, tuple[str, np.ndarray]]:
    """Return the variables ``{name}_data``, ``_indices`` and ``_indptr`` of a matrix.

    Parameters
    ----------
    name : str
        First part of the variable names and of their dims, ``{name}_entry`` and
        ``{name}_row``.
    matrix : (rows, columns) array, dense or sparse
    """
    rows = scipy.sparse.csr_array(matrix)
    rows.sum_duplicates()
    return {
        f"{name}_data": (f"{name}_entry", np.asarray(rows.data, float)),
        f"{name}_indices": (f"{name}_entry", rows.indices.astype(np.int32)),
        f"{name}_indptr": (f"{name}_row", rows.indptr.astype(np.int64)),
    }


def has_sparse(dataset: xr.Dataset, name: str) -> bool:
    """Return whether `dataset` holds a sparse matrix called `name`."""
    return f"{name}_data" in dataset


def read_sparse(
    dataset: xr.Dataset, name: str, shape: tuple[int, int]
) -> scipy.sparse.csr_array:
    """Return the sparse matrix that `sparse_variables` took apart.

    Raises
    ------
    SchemaError
        If a part is missing or the parts do not make a matrix of this shape.
    """
    missing = [f"{name}_{part}" for part in PARTS if f"{name}_{part}" not in dataset]
    if missing:
        raise SchemaError(
            f"{name} must be stored as {name}_data, _indices and _indptr; "
            f"missing {', '.join(missing)}."
        )
    parts = tuple(dataset[f"{name}_{part}"].values for part in PARTS)
    try:
        matrix = scipy.sparse.csr_array(parts, shape=shape)
        matrix.check_format(full_check=True)
    except ValueError as error:
        raise SchemaError(
            f"{name} must be a matrix of shape {shape} in compressed rows; {error}."
        ) from error
    return matrix
