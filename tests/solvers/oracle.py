"""An independent solver for small problems: CVXPY with an exponential-cone solver."""

from collections.abc import Iterable, Sequence

import cvxpy as cp
import numpy as np

from tests.solvers.small_problems import DataTerm


def oracle(
    terms: Iterable[DataTerm],
    n_voxels: int,
    *,
    basis: np.ndarray | None = None,
    l1: Sequence[np.ndarray] = (),
    squares: Sequence[np.ndarray] = (),
    tilt: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Minimise the Poisson divergence plus penalties over non-negative cubes.

    The objective is ``sum(m - d + d ln(d / m)) + sum_i |A_i x|_1 + sum_j |B_j x|_2^2``
    with ``x`` the cube, flattened, or the coefficients if there is a basis.

    Parameters
    ----------
    terms : iterable of DataTerm
    n_voxels : int
        Length of the flattened cube.
    basis : (n_voxels, n_coefficients) array, optional
        The cube is ``basis @ x``: ``np.kron(V, np.eye(n_pixels))`` in low rank.
    l1, squares : sequences of (n, length of x) arrays
        The dense matrices ``A_i`` and ``B_j``, with their weights inside.
    tilt : (length of x) array, optional
        A linear function that is taken off the objective.

    Returns
    -------
    value : float
    x : array
    """
    x = cp.Variable(n_voxels if basis is None else basis.shape[1])
    cube = x if basis is None else basis @ x
    data = [_divergence(term, cube) for term in terms]
    penalty = [cp.norm1(a @ x) for a in l1] + [cp.sum_squares(b @ x) for b in squares]
    linear = 0 if tilt is None else tilt @ x
    objective = sum(data) + sum(penalty) - linear
    problem = cp.Problem(cp.Minimize(objective), [cube >= 0])
    # A hundred times sharper than what is compared; some processors reach no more.
    settings = {"tol_gap_abs": 1e-7, "tol_gap_rel": 1e-7, "tol_feas": 1e-8}
    value = problem.solve(solver=cp.CLARABEL, **settings)
    assert problem.status == cp.OPTIMAL
    return float(value), np.asarray(x.value)


def _divergence(term: DataTerm, cube: cp.Expression) -> cp.Expression:
    used = slice(None) if term.mask is None else term.mask.ravel()
    d = term.counts.ravel()[used]
    m = term.matrix()[used] @ cube
    if term.background is not None:
        m = m + term.background.ravel()[used]
    seen = d > 0
    constant = float(np.sum(d[seen] * np.log(d[seen]) - d[seen]))
    return cp.sum(m) - d[seen] @ cp.log(m[seen]) + constant
