"""The computation that trials are, unless another one is given."""

from hifred.sweep.kernels.kernel import Kernel


def default_kernel() -> Kernel:
    """Return the kernel of a sweep that names none: the fusion."""
    # Not above: who only looks at a sweep need not wait for all that fuses.
    from hifred.sweep.kernels.fusion_kernel import FusionKernel

    return FusionKernel()
