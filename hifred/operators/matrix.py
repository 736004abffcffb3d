"""Matrices kept in the form that is cheapest to apply."""

from abc import ABC, abstractmethod
from typing import final

import numpy as np
import scipy.sparse

from hifred.operators.products import multiply

# A multiply-add in a sparse product costs about as much as this many in a dense one:
# 4 against 80 GFLOP/s were measured on two AVX-512 cores.
SPARSE_COST = 20.0


class Matrix(ABC):
    """A real matrix that can be applied to columns or to rows, and transposed.

    Attributes
    ----------
    shape : (int, int)
        Number of rows and columns.
    cost : float
        Multiply-adds per column, in units of dense ones.
    """

    shape: tuple[int, int]
    cost: float

    @abstractmethod
    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return ``M x`` for `x` of shape (columns of M, n)."""

    @abstractmethod
    def adjoint(self, y: np.ndarray) -> np.ndarray:
        """Return ``M^T y`` for `y` of shape (rows of M, n)."""

    @abstractmethod
    def astype(self, dtype: np.typing.DTypeLike) -> "Matrix":
        """Return the same matrix with entries of another precision."""

    @abstractmethod
    def squared(self) -> "Matrix":
        """Return the matrix whose entries are the squares of this one's."""

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        """Return ``x M^T`` for `x` of shape (n, columns of M)."""
        return np.ascontiguousarray(self.apply(np.ascontiguousarray(x.T)).T)

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        """Return ``y M`` for `y` of shape (n, rows of M)."""
        return np.ascontiguousarray(self.adjoint(np.ascontiguousarray(y.T)).T)

    def to_dense(self) -> np.ndarray:
        """Return all entries, shape (rows, columns)."""
        return self.apply(np.eye(self.shape[1]))


@final
class Identity(Matrix):
    """The identity of size `n`."""

    def __init__(self, n: int) -> None:
        self.shape = (n, n)
        self.cost = 0.0

    def apply(self, x: np.ndarray) -> np.ndarray:
        return x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return y

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return x

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return y

    def astype(self, dtype: np.typing.DTypeLike) -> "Identity":
        return self

    def squared(self) -> "Identity":
        return self


@final
class Diagonal(Matrix):
    """A diagonal matrix with entries `diagonal`, shape (n,)."""

    def __init__(self, diagonal: np.ndarray) -> None:
        self.diagonal = diagonal
        self.shape = (diagonal.size, diagonal.size)
        self.cost = float(diagonal.size)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return self.diagonal[:, None] * x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return self.diagonal[:, None] * y

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return x * self.diagonal

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return y * self.diagonal

    def astype(self, dtype: np.typing.DTypeLike) -> "Diagonal":
        return Diagonal(self.diagonal.astype(dtype))

    def squared(self) -> "Diagonal":
        return Diagonal(self.diagonal**2)


@final
class Dense(Matrix):
    """A matrix with all entries stored, shape (rows, columns)."""

    def __init__(self, entries: np.ndarray) -> None:
        self.entries = np.ascontiguousarray(entries)
        self.shape = entries.shape
        self.cost = float(entries.size)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return multiply(self.entries, x)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return multiply(self.entries.T, y)

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return multiply(x, self.entries.T)

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return multiply(y, self.entries)

    def astype(self, dtype: np.typing.DTypeLike) -> "Dense":
        return Dense(self.entries.astype(dtype))

    def squared(self) -> "Dense":
        return Dense(self.entries**2)


@final
class Sparse(Matrix):
    """A matrix with few entries, kept row by row together with its transpose."""

    def __init__(self, entries: scipy.sparse.sparray) -> None:
        self.entries = scipy.sparse.csr_array(entries)
        self.transposed = scipy.sparse.csr_array(self.entries.T)
        self.shape = self.entries.shape
        self.cost = SPARSE_COST * self.entries.nnz

    def apply(self, x: np.ndarray) -> np.ndarray:
        return self.entries @ x

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return self.transposed @ y

    def astype(self, dtype: np.typing.DTypeLike) -> "Sparse":
        return Sparse(self.entries.astype(dtype))

    def squared(self) -> "Sparse":
        return Sparse(self.entries.power(2))


@final
class Factored(Matrix):
    """A matrix of low numerical rank, ``left @ right``.

    Parameters
    ----------
    left : (rows, rank) array
    right : (rank, columns) array
    """

    def __init__(self, left: np.ndarray, right: np.ndarray) -> None:
        self.left = np.ascontiguousarray(left)
        self.right = np.ascontiguousarray(right)
        self.shape = (left.shape[0], right.shape[1])
        self.cost = float(left.size + right.size)

    def apply(self, x: np.ndarray) -> np.ndarray:
        return multiply(self.left, multiply(self.right, x))

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return multiply(self.right.T, multiply(self.left.T, y))

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return multiply(multiply(x, self.right.T), self.left.T)

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return multiply(multiply(y, self.left), self.right)

    def astype(self, dtype: np.typing.DTypeLike) -> "Factored":
        return Factored(self.left.astype(dtype), self.right.astype(dtype))

    def squared(self) -> Dense:
        return Dense((self.left @ self.right) ** 2)


@final
class Kronecker(Matrix):
    r"""A sum of separable image maps, :math:`\sum_k A^y_k \otimes A^x_k`.

    Parameters
    ----------
    along_y : (terms, rows out, rows in) array
    along_x : (terms, columns out, columns in) array
        An image is flattened row by row, as everywhere in hifred.
    """

    def __init__(self, along_y: np.ndarray, along_x: np.ndarray) -> None:
        self.along_y = np.ascontiguousarray(along_y)
        self.along_x = np.ascontiguousarray(along_x)
        # BLAS wants matrices that lie in memory as they are applied.
        self._turned_y = np.ascontiguousarray(along_y.transpose(0, 2, 1))
        self._turned_x = np.ascontiguousarray(along_x.transpose(0, 2, 1))
        terms, my, ny = along_y.shape
        _, mx, nx = along_x.shape
        self.shape = (my * mx, ny * nx)
        self.cost = float(terms * (ny * nx * mx + my * ny * mx))

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self.apply_rows(np.ascontiguousarray(x.T)).T)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self.adjoint_rows(np.ascontiguousarray(y.T)).T)

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return _separable(x, self.along_y, self._turned_x)

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return _separable(y, self._turned_y, self.along_x)

    def astype(self, dtype: np.typing.DTypeLike) -> "Kronecker":
        return Kronecker(self.along_y.astype(dtype), self.along_x.astype(dtype))

    def squared(self) -> "Kronecker":
        # Every pair of terms is a term of the square; unequal ones come twice.
        k, m = np.triu_indices(len(self.along_y))
        times = np.where(k == m, 1, 2).astype(self.along_y.dtype)[:, None, None]
        along_y = times * self.along_y[k] * self.along_y[m]
        return Kronecker(along_y, self.along_x[k] * self.along_x[m])


@final
class Weighted(Matrix):
    """A matrix behind a weight per column, ``M diag(weights)``: vignetting, say.

    Parameters
    ----------
    matrix : Matrix
    weights : (columns,) array
    """

    def __init__(self, matrix: Matrix, weights: np.ndarray) -> None:
        self.matrix = matrix
        self.weights = weights
        self.shape = matrix.shape
        self.cost = matrix.cost + weights.size

    def apply(self, x: np.ndarray) -> np.ndarray:
        return self.matrix.apply(self.weights[:, None] * x)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return self.weights[:, None] * self.matrix.adjoint(y)

    def apply_rows(self, x: np.ndarray) -> np.ndarray:
        return self.matrix.apply_rows(x * self.weights)

    def adjoint_rows(self, y: np.ndarray) -> np.ndarray:
        return self.matrix.adjoint_rows(y) * self.weights

    def astype(self, dtype: np.typing.DTypeLike) -> "Weighted":
        return Weighted(self.matrix.astype(dtype), self.weights.astype(dtype))

    def squared(self) -> "Weighted":
        return Weighted(self.matrix.squared(), self.weights**2)


def _separable(x: np.ndarray, along_y: np.ndarray, turned_x: np.ndarray) -> np.ndarray:
    """Return the sum of ``A^y X (A^x)^T`` for every image; `turned_x` is transposed."""
    (_, my, ny), (_, nx, mx) = along_y.shape, turned_x.shape
    images = x.reshape(-1, ny, nx)
    out: np.ndarray | None = None
    for a_y, a_x in zip(along_y, turned_x, strict=True):
        # The product of all images at once is the faster one: it takes the wider side.
        if mx <= nx:
            narrow = multiply(images.reshape(-1, nx), a_x).reshape(-1, ny, mx)
            term = multiply(a_y, narrow)
        else:
            tall = multiply(a_y, images).reshape(-1, nx)
            term = multiply(tall, a_x).reshape(-1, my, mx)
        out = term if out is None else np.add(out, term, out=out)
    assert out is not None, "a sum has terms"
    return out.reshape(len(x), my * mx)
