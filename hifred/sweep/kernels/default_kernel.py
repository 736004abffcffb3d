"""The computation that trials are, unless another one is given."""

from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.kernels.kernel import Kernel


def default_kernel() -> Kernel:
    """Return the kernel of a sweep that names none: the fusion."""
    return FusionKernel()
