"""Squared differences of the shape of spectra, between neighbouring pixels."""

from typing import final

import numpy as np

from hifred.functionals.base import Smooth


@final
class ShapeDifferences(Smooth):
    r"""Penalty on spectra whose shape changes from pixel to pixel.

    .. math:: \varphi(W) = \mu \sum_{e = (p, q)} w_e \, \bar b \sqrt{b_p b_q} \;
        \Big\| \frac{W_p}{b_p} - \frac{W_q}{b_q} \Big\|^2

    over pairs of pixels that share a side. A step of brightness that the guide ``b``
    shows costs nothing; what costs is another mixture of components. Images in
    proportion to the guide have no penalty.

    Parameters
    ----------
    strength : float
        The weight :math:`\mu \ge 0`.
    guide : (y, x) array
        The brightness ``b``, above zero.
    weights : (edge,) array, optional
        The weights ``w`` of the pairs: those along ``y`` first; 1 by default.

    Notes
    -----
    A sum of independent clumps of gas, each with a spectrum of its own, differs from
    another with a variance of :math:`W` in proportion to the brightness, that is of
    :math:`W / b` in inverse proportion, hence one power of ``b`` in the weight.
    """

    def __init__(
        self, strength: float, guide: np.ndarray, weights: np.ndarray | None = None
    ) -> None:
        if strength < 0:
            raise ValueError(f"mu must not be negative; got {strength}.")
        if not (guide > 0).all():
            raise ValueError(f"guide must be above zero; got {guide.min()}.")
        self.strength = strength
        self._inverse = 1 / guide
        pairs = np.sqrt(_joined(guide[1:] * guide[:-1], guide[:, 1:] * guide[:, :-1]))
        unweighted = np.ones(pairs.shape) if weights is None else weights
        self._root = np.sqrt(unweighted * guide.mean() * pairs)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of the guide."""
        n_rows, n_columns = self._inverse.shape
        return n_rows, n_columns

    @property
    def n_edges(self) -> int:
        """How many pairs of neighbours there are."""
        return self._root.size

    def changes(self, images: np.ndarray) -> np.ndarray:
        """Return weighted differences (component, edge) of images (component, y, x).

        Their squares sum to the penalty over the strength.
        """
        shapes = images * self._inverse
        along_y, along_x = np.diff(shapes, axis=1), np.diff(shapes, axis=2)
        return self._root * _joined(along_y, along_x)

    def spread(self, changes: np.ndarray) -> np.ndarray:
        """Return the transpose of `changes`, images (component, y, x)."""
        along_y, along_x = self._parted(self._root * changes)
        out = np.zeros((len(changes), *self.image_shape))
        out[:, 1:] += along_y
        out[:, :-1] -= along_y
        out[:, :, 1:] += along_x
        out[:, :, :-1] -= along_x
        return out * self._inverse

    def mirrored(self, changes: np.ndarray, mirror: tuple[slice, slice]) -> np.ndarray:
        """Return the changes (component, edge) of mirrored images over mirrored guides.

        Parameters
        ----------
        changes : (component, edge) array
        mirror : (slice, slice)
            Of the rows and columns of an image, with steps of 1 or -1.
        """
        both = zip(self._parted(changes), mirror, strict=True)
        return _joined(*((side.step or 1) * part[:, *mirror] for part, side in both))

    def value(self, x: np.ndarray) -> float:
        return self.strength * float(np.sum(self.changes(x) ** 2))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient, shape (component, y, x); also Hessian times `x`."""
        return 2 * self.strength * self.spread(self.changes(x))

    def curvature(self, image_shape: tuple[int, int]) -> np.ndarray:
        """Return the diagonal of the Hessian of one image, shape (y, x)."""
        around = self._around(self._root**2)
        return np.asarray(2 * self.strength * self._inverse**2 * around)

    def guide_slope(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the derivative of ``<left, H right>`` by the guide, (y, x).

        Parameters
        ----------
        left, right : (component, y, x) arrays
            Between which the Hessian ``H`` of the penalty stands.
        """
        shapes = left * self.gradient(right) + self.gradient(left) * right
        edges = np.sum(self.changes(left) * self.changes(right), axis=0)
        weights = 2 * self.strength * edges
        # Of the weight of a pair, half hangs on either pixel, and all on the mean.
        paired = 0.5 * self._around(weights) - shapes.sum(axis=0)
        mean = float(np.mean(1 / self._inverse))
        return paired * self._inverse + weights.sum() / (mean * self._inverse.size)

    def _around(self, edges: np.ndarray) -> np.ndarray:
        """Return the sum of a value (edge,) over the pairs of each pixel, (y, x)."""
        along_y, along_x = self._parted(edges)
        around = np.zeros(self.image_shape)
        around[1:] += along_y
        around[:-1] += along_y
        around[:, 1:] += along_x
        around[:, :-1] += along_x
        return around

    def _parted(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs (..., edge) along y and along x, each (..., y, x)."""
        n_rows, n_columns = self.image_shape
        along_y, along_x = np.split(edges, [(n_rows - 1) * n_columns], axis=-1)
        return (
            along_y.reshape(*edges.shape[:-1], n_rows - 1, n_columns),
            along_x.reshape(*edges.shape[:-1], n_rows, n_columns - 1),
        )


def _joined(along_y: np.ndarray, along_x: np.ndarray) -> np.ndarray:
    """Return both sets of pairs (..., edge), flattened."""
    flat = [a.reshape(*a.shape[:-2], -1) for a in (along_y, along_x)]
    return np.concatenate(flat, axis=-1)
