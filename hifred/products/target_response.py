"""The response to a line that a fused cube still has."""

import json

import numpy as np
import scipy.sparse
import xarray as xr

from hifred.observations import FusionInput
from hifred.observations.matching.kernels import target_line_spread


def cube_line_spread(
    result: xr.Dataset, fusion_input: FusionInput | None = None
) -> np.ndarray | None:
    """Return the line spread of a fused cube, on its energy bins; None if unknown.

    That of its sharpest spectrometer, whose resolution the fusion left in the sky;
    none where it was told to undo it.
    """
    if "line_spread" in result:
        return result["line_spread"].to_numpy()
    settings = json.loads(result.attrs.get("settings", "{}"))
    if fusion_input is None or settings.get("target_resolution") == "intrinsic":
        return None
    return target_line_spread(fusion_input.observations)


def line_spread_matrix(kernel: np.ndarray, n_energies: int) -> scipy.sparse.csr_array:
    """Return the responses to lines (energy, line) of one line spread (odd,).

    What a line at the end of the band has beyond it is lost.
    """
    half = len(kernel) // 2
    shifts = [k for k in range(-half, half + 1) if abs(k) < n_energies]
    matrix = scipy.sparse.diags_array(
        [np.full(n_energies - abs(k), kernel[half + k]) for k in shifts],
        offsets=[-k for k in shifts],
        shape=(n_energies, n_energies),
    )
    return scipy.sparse.csr_array(matrix)
