"""The response to a line that a fused cube still has."""

import json

import numpy as np
import xarray as xr

from hifred.observations import FusionInput


def cube_line_spread(
    result: xr.Dataset, fusion_input: FusionInput | None = None
) -> np.ndarray | None:
    """Return the line spread of a fused cube, on its energy bins; None if unknown.

    That of its spectrometer, the narrowest if there are several; none where the fusion
    was told to undo it.
    """
    if "line_spread" in result:
        return result["line_spread"].to_numpy()
    settings = json.loads(result.attrs.get("settings", "{}"))
    if fusion_input is None or settings.get("target_resolution") == "intrinsic":
        return None
    kernels = [
        observation["line_spread"].to_numpy()
        for observation in fusion_input.observations.values()
        if observation.attrs["role"] == "spectrometer" and "line_spread" in observation
    ]
    return max(kernels, key=lambda kernel: float(kernel.max()), default=None)
