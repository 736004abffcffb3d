"""Squared differences of the shape of spectra, between neighbouring pixels."""

from functools import cached_property
from typing import final

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from hifred.functionals.base import Smooth

# Square of the length, in pixels, below which shapes are smooth. From 2 to 30 it makes
# some 0.1 dB with all counts; 1000 costs 0.1 to 0.3 dB with a tenth, and three times
# the time.
SMOOTH_AREA = 8.0


@final
class ShapeDifferences(Smooth):
    r"""Penalty on spectra whose shape changes from pixel to pixel.

    .. math:: \varphi(W) = \mu \Big( \langle W, L W \rangle
        + \ell^2 \big\langle L W, \tfrac{b}{\bar b} \, L W \big\rangle \Big), \qquad
        \langle W, L W \rangle = \sum_{(p, q)} \bar b \sqrt{b_p b_q} \;
        \Big\| \frac{W_p}{b_p} - \frac{W_q}{b_q} \Big\|^2

    over pairs of pixels that share a side. A step of brightness that the guide ``b``
    shows costs nothing; what costs is another mixture of components, and, below the
    length :math:`\ell`, its curvature even more. Images in proportion to the guide have
    no penalty.

    Parameters
    ----------
    strength : float
        The weight :math:`\mu \ge 0`.
    guide : (y, x) array
        The brightness ``b``, above zero.

    Notes
    -----
    A sum of independent clumps of gas, each with a spectrum of its own, differs from
    another with a variance of :math:`W` in proportion to the brightness, that is of
    :math:`W / b` in inverse proportion, hence one power of ``b`` in the weight. What a
    sky shows is larger than its pixels: shapes of the toy models' skies differ, two
    pixels apart, by 1.9 times of what they differ in neighbours, where those of a
    random walk, which has no :math:`\ell`, hardly differ by more.
    """

    def __init__(self, strength: float, guide: np.ndarray) -> None:
        if strength < 0:
            raise ValueError(f"mu must not be negative; got {strength}.")
        if not (guide > 0).all():
            raise ValueError(f"guide must be above zero; got {guide.min()}.")
        self.strength = strength
        self._guide = guide.astype(float)
        self._pairs = _pairs(guide.shape)
        self._paired = abs(self._pairs)

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of the guide."""
        n_rows, n_columns = self._guide.shape
        return n_rows, n_columns

    def value(self, x: np.ndarray) -> float:
        return 0.5 * float(np.vdot(x, self.gradient(x)))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient, shape (component, y, x); also Hessian times `x`."""
        flat = x.reshape(len(x), -1)
        return 2 * self.strength * (self._products @ flat.T).T.reshape(x.shape)

    def curvature(self, image_shape: tuple[int, int]) -> np.ndarray:
        """Return the diagonal of the Hessian of one image, shape (y, x)."""
        diagonal = self._products.diagonal().reshape(image_shape)
        return np.asarray(2 * self.strength * diagonal)

    def draw(self, rng: np.random.Generator, n_images: int) -> np.ndarray:
        r"""Return random images (n_images, y, x) that the penalty expects.

        .. math:: p(W) \propto e^{-\varphi(W) / (2 \mu)}

        Of images in proportion to the guide, which cost nothing, there is as much as
        makes their sums zero.
        """
        white = rng.standard_normal((self._changes.shape[0], n_images))
        source = self._changes.T @ white
        images = np.zeros(source.shape)
        if len(source) > 1:
            images[1:] = self._factors.solve(source[1:])
        share = self._guide.reshape(-1, 1) / self._guide.sum()
        images -= share * images.sum(axis=0)
        return images.T.reshape(n_images, *self.image_shape)

    def guide_slope(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the derivative of ``<left, H right>`` by the guide, (y, x).

        Parameters
        ----------
        left, right : (component, y, x) arrays
            Between which the Hessian ``H`` of the penalty stands.
        """
        one, two = (images.reshape(len(images), -1).T for images in (left, right))
        bent_one, bent_two = (self._bends @ images for images in (one, two))
        level, mean = self._level[:, None], self._guide.mean()
        slope = self._slope_of_bends(one, two)
        slope += self._slope_of_bends(one, level * bent_two)
        slope += self._slope_of_bends(level * bent_one, two)
        products = SMOOTH_AREA / mean * np.sum(bent_one * bent_two, axis=1)
        slope += products - np.mean(products * self._guide.ravel()) / mean
        return np.asarray(2 * self.strength * slope.reshape(self.image_shape))

    def _slope_of_bends(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the derivative (pixel,) of ``<left, L right>``, (pixel, component)."""
        shapes = left * (self._bends @ right) + right * (self._bends @ left)
        edges = np.sum((self._steps @ left) * (self._steps @ right), axis=1)
        # Of the weight of a pair, half hangs on either pixel, and all on the mean.
        paired = 0.5 * (self._paired.T @ edges) - shapes.sum(axis=1)
        mean = float(self._guide.mean())
        return np.asarray(
            paired / self._guide.ravel() + edges.sum() / (mean * self._guide.size)
        )

    @cached_property
    def _steps(self) -> scipy.sparse.csr_array:
        """Weighted differences (pair, pixel) of shapes; ``L`` is their square."""
        flat = self._guide.ravel()
        pairs = np.exp(0.5 * (self._paired @ np.log(flat)))
        weights = scipy.sparse.diags_array(np.sqrt(flat.mean() * pairs))
        return (weights @ self._pairs @ scipy.sparse.diags_array(1 / flat)).tocsr()

    @cached_property
    def _bends(self) -> scipy.sparse.csr_array:
        """Return ``L``, (pixel, pixel)."""
        return (self._steps.T @ self._steps).tocsr()

    @property
    def _level(self) -> np.ndarray:
        """Weights (pixel,) of squared curvatures."""
        return SMOOTH_AREA * self._guide.ravel() / self._guide.mean()

    @cached_property
    def _changes(self) -> scipy.sparse.csr_array:
        """Return what is squared, (change, pixel): differences, then curvatures."""
        curvatures = scipy.sparse.diags_array(np.sqrt(self._level)) @ self._bends
        return scipy.sparse.vstack([self._steps, curvatures]).tocsr()

    @cached_property
    def _products(self) -> scipy.sparse.csr_array:
        return (self._changes.T @ self._changes).tocsr()

    @cached_property
    def _factors(self) -> scipy.sparse.linalg.SuperLU:
        """Factors of the penalty of images whose first pixel is zero."""
        return scipy.sparse.linalg.splu(self._products[1:, 1:].tocsc())


def _pairs(shape: tuple[int, int]) -> scipy.sparse.csr_array:
    """Return the differences (pair, pixel) of pixels that share a side."""
    along_y, along_x = (
        scipy.sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(max(n - 1, 0), n))
        if n > 1
        else scipy.sparse.csr_array((0, n))
        for n in shape
    )
    rows, columns = (scipy.sparse.eye_array(n) for n in shape)
    parts = [scipy.sparse.kron(along_y, columns), scipy.sparse.kron(rows, along_x)]
    return scipy.sparse.vstack(parts).tocsr()
