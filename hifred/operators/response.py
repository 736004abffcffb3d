"""The response of one instrument: a short sum of spectral-spatial matrix pairs."""

from collections.abc import Sequence
from typing import final

import numpy as np

from hifred.operators.base import LinearOperator
from hifred.operators.matrix import Matrix
from hifred.operators.structure import structure


@final
class Response(LinearOperator):
    r"""From the scaled sky cube to the expected counts of one instrument.

    .. math:: m = \sum_q G_q \, Z \, K_q^T

    Parameters
    ----------
    pairs : sequence of (Matrix, Matrix)
        Spectral matrices ``G`` (channels x energies), with exposure time and area,
        and spatial matrices ``K`` (instrument pixels x sky pixels).
    sky_shape : (int, int, int)
        Energies, rows and columns of the sky cube.
    data_shape : (int, int, int)
        Channels, rows and columns of the counts.

    Raises
    ------
    ValueError
        If a pair does not fit the two shapes.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Matrix, Matrix]],
        sky_shape: tuple[int, int, int],
        data_shape: tuple[int, int, int],
    ) -> None:
        self.pairs = tuple(pairs)
        self.input_shape: tuple[int, int, int] = sky_shape
        self.output_shape: tuple[int, int, int] = data_shape
        for spectral, spatial in self.pairs:
            _check_pair(spectral, spatial, sky_shape, data_shape)

    def apply(self, x: np.ndarray) -> np.ndarray:
        sky = x.reshape(self.input_shape[0], -1)
        parts = [_forward(g, k, sky) for g, k in self.pairs]
        return _total(parts).reshape(self.output_shape)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        counts = y.reshape(self.output_shape[0], -1)
        parts = [_backward(g, k, counts) for g, k in self.pairs]
        return _total(parts).reshape(self.input_shape)

    def astype(self, dtype: np.typing.DTypeLike) -> "Response":
        """Return the same response with matrices of another precision."""
        pairs = [(g.astype(dtype), k.astype(dtype)) for g, k in self.pairs]
        return Response(pairs, self.input_shape, self.output_shape)

    def in_basis(self, basis: np.ndarray) -> "Response":
        """Return the response to coefficient images ``W`` of the cube ``V W``.

        Parameters
        ----------
        basis : (energy, component) array
            The spectra ``V``.
        """
        pairs = [(structure(g.apply(basis)), k) for g, k in self.pairs]
        _, n_rows, n_columns = self.input_shape
        sky_shape = (basis.shape[1], n_rows, n_columns)
        return Response(pairs, sky_shape, self.output_shape)


def _check_pair(
    spectral: Matrix,
    spatial: Matrix,
    sky_shape: tuple[int, int, int],
    data_shape: tuple[int, int, int],
) -> None:
    expected = (data_shape[0], sky_shape[0])
    if spectral.shape != expected:
        raise ValueError(
            f"spectral matrix must have shape {expected} (channels, energies); "
            f"got {spectral.shape}."
        )
    expected = (data_shape[1] * data_shape[2], sky_shape[1] * sky_shape[2])
    if spatial.shape != expected:
        raise ValueError(
            f"spatial matrix must have shape {expected} (pixels, sky pixels); "
            f"got {spatial.shape}."
        )


def _spectral_first(g: Matrix, k: Matrix) -> bool:
    spectral_first = g.cost * k.shape[1] + k.cost * g.shape[0]
    spatial_first = k.cost * g.shape[1] + g.cost * k.shape[0]
    return spectral_first <= spatial_first


def _forward(g: Matrix, k: Matrix, sky: np.ndarray) -> np.ndarray:
    if _spectral_first(g, k):
        return k.apply_rows(g.apply(sky))
    return g.apply(k.apply_rows(sky))


def _backward(g: Matrix, k: Matrix, counts: np.ndarray) -> np.ndarray:
    if _spectral_first(g, k):
        return g.adjoint(k.adjoint_rows(counts))
    return k.adjoint_rows(g.adjoint(counts))


def _total(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.sum(parts, axis=0)
