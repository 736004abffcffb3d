"""The computation that trials are, unless another one is given."""

from hifred.sweep.kernel import Kernel
from hifred.sweep.kernels.fusion_kernel import FusionKernel


def default_kernel() -> Kernel:
    """Return the kernel of a sweep that names none: the fusion."""
    return FusionKernel()
