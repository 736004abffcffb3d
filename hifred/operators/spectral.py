"""Matrices along one axis: blurring and rebinning, for energies and for pixels."""

import numpy as np
import scipy.sparse

BOUNDARIES = ("zero", "reflect")


def convolution_matrix(
    kernel: np.ndarray, n: int, boundary: str = "zero"
) -> np.ndarray:
    r"""Return the matrix that convolves `n` samples with a kernel.

    .. math:: M_{ij} = k_{c + i - j}

    Parameters
    ----------
    kernel : (odd,) array
        Its middle entry ``c`` is the centre, so a delta stays where it is.
    n : int
        Number of samples.
    boundary : {"zero", "reflect"}
        Nothing outside, or the mirror image without the edge sample.

    Raises
    ------
    ValueError
        If the kernel has no middle entry or the boundary is unknown.
    """
    _check_kernel(kernel, boundary)
    half = kernel.size // 2
    rows = np.repeat(np.arange(n), kernel.size)
    sources = (np.arange(n)[:, None] - np.arange(-half, half + 1)).ravel()
    weights = np.tile(kernel, n)
    matrix = np.zeros((n, n))
    if boundary == "zero":
        inside = (sources >= 0) & (sources < n)
        matrix[rows[inside], sources[inside]] = weights[inside]
    else:
        np.add.at(matrix, (rows, _mirrored(n, half)[sources + half]), weights)
    return matrix


def _check_kernel(kernel: np.ndarray, boundary: str) -> None:
    if kernel.ndim != 1 or kernel.size % 2 == 0:
        raise ValueError(
            "kernel must be 1-D with an odd length, to have a centre; "
            f"got shape {kernel.shape}."
        )
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary must be one of {BOUNDARIES}; got {boundary!r}.")


def _mirrored(n: int, half: int) -> np.ndarray:
    """Return the sample that stands at each position of the mirrored axis."""
    if n == 1:
        return np.zeros(2 * half + 1, int)
    return np.pad(np.arange(n), half, mode="reflect")


def rebinning_matrix(n: int, factor: int) -> np.ndarray:
    """Return the matrix that sums `factor` neighbours, shape (n / factor, n).

    Raises
    ------
    ValueError
        If `n` is not a multiple of `factor`.
    """
    if factor < 1 or n % factor:
        raise ValueError(
            f"factor must divide the number of samples; got {factor} for {n} samples."
        )
    return np.kron(np.eye(n // factor), np.ones((1, factor)))


def channel_matrix(
    channel_edges: np.ndarray,
    n: int,
    kernel: np.ndarray | None = None,
    boundary: str = "zero",
) -> scipy.sparse.csr_array:
    """Return the matrix that blurs `n` bins and sums them into channels.

    The same as rebinning times convolution, without the large matrix between them.
    A channel that ends inside a bin takes its share of it.

    Parameters
    ----------
    channel_edges : (channels + 1,) array
        Edges of the channels in units of bins: bin ``i`` goes from ``i`` to ``i + 1``.
    n : int
        Number of bins.
    kernel : (odd,) array, optional
        Its middle entry is the centre; by default a delta.
    boundary : {"zero", "reflect"}
        Nothing outside, or the mirror image without the edge sample.

    Raises
    ------
    ValueError
        If the kernel has no middle entry or the boundary is unknown.
    """
    kernel = np.ones(1) if kernel is None else kernel
    _check_kernel(kernel, boundary)
    half = kernel.size // 2
    lower, upper = channel_edges[:-1], channel_edges[1:]
    first = np.floor(lower).astype(int) - half
    widths = np.ceil(upper).astype(int) + half - first
    rows = np.repeat(np.arange(lower.size), widths)
    starts = np.cumsum(widths) - widths
    columns = np.arange(rows.size) - np.repeat(starts - first, widths)
    knots = np.arange(-half, half + 2)
    reached = np.concatenate([[0.0], np.cumsum(kernel)])
    values = np.interp(upper[rows] - columns, knots, reached)
    values -= np.interp(lower[rows] - columns, knots, reached)
    if boundary == "zero":
        inside = (columns >= 0) & (columns < n)
        rows, columns, values = rows[inside], columns[inside], values[inside]
    else:
        pad = max(0, -int(columns.min()), int(columns.max()) - n + 1)
        columns = _mirrored(n, pad)[columns + pad]
    return scipy.sparse.coo_array((values, (rows, columns)), (lower.size, n)).tocsr()
