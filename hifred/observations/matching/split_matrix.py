"""A redistribution in two parts: a sparse core, and a coarse continuum."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from scipy import sparse


@final
@dataclass(frozen=True)
class SplitMatrix:
    r"""The matrix :math:`A + L R` (channel, energy), full if it were multiplied out.

    Parameters
    ----------
    core : (channel, energy) sparse array
        A.
    left : (channel, coarse energy) sparse array
        L: a column for each coarse energy bin, such as those of an electron-loss
        continuum, which reaches down to the lowest channel.
    right : (coarse energy, energy) sparse array
        R: which coarse bin an energy is in.
    """

    core: sparse.csr_array
    left: sparse.csr_array
    right: sparse.csr_array

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and energies."""
        n_channels, n_energies = self.core.shape
        return int(n_channels), int(n_energies)

    @property
    def column_sums(self) -> np.ndarray:
        """Sum (energy,) over the channels."""
        continuum = self.right.T @ np.asarray(self.left.sum(axis=0)).ravel()
        return np.asarray(self.core.sum(axis=0)).ravel() + continuum

    def times_columns(self, factor: np.ndarray) -> "SplitMatrix":
        """Return the matrix with each column times a factor (energy,)."""
        diagonal = sparse.diags_array(factor)
        return replace(
            self,
            core=sparse.csr_array(self.core @ diagonal),
            right=sparse.csr_array(self.right @ diagonal),
        )

    @property
    def n_whole(self) -> int:
        """Most entries that the matrix may have when multiplied out."""
        left, right = np.diff(self.left.tocsc().indptr), np.diff(self.right.indptr)
        return int(self.core.nnz + left.astype(np.int64) @ right)

    def whole(self) -> sparse.csr_array:
        """Return the matrix multiplied out."""
        if self.left.shape[1] == 0:
            return self.core
        return sparse.csr_array(self.core + self.left @ self.right)


def unsplit(matrix: sparse.csr_array) -> SplitMatrix:
    """Return a matrix that has no continuum apart."""
    n_channels, n_energies = matrix.shape
    left = sparse.csr_array((n_channels, 0))
    return SplitMatrix(matrix, left, sparse.csr_array((0, n_energies)))
