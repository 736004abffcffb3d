from .end_channels import (
    without_end_channels,
)
from .forward import (
    build_responses,
)
from .fusion_input import (
    FusionInput,
)
from .matching.kernels import (
    difference_kernel,
    kernel_sigmas,
    kernels_for,
)
from .observation import (
    background_of,
    build_observation,
    mask_of,
    redistribution_of,
    spatial_matrix_of,
)
from .observation_checks import (
    check_observation,
)
from .prediction import (
    CountsModel,
    geometry_of,
    predicted_counts,
)
from .response_check.check import (
    check_responses,
)
from .response_check.report import (
    CheckRow,
    ResponseReport,
)
from .sky import (
    SkyGrid,
    build_sky_grid,
)

__all__ = [
    "CheckRow",
    "CountsModel",
    "FusionInput",
    "ResponseReport",
    "SkyGrid",
    "background_of",
    "build_observation",
    "build_responses",
    "build_sky_grid",
    "check_observation",
    "check_responses",
    "difference_kernel",
    "geometry_of",
    "kernel_sigmas",
    "kernels_for",
    "mask_of",
    "predicted_counts",
    "redistribution_of",
    "spatial_matrix_of",
    "without_end_channels",
]
