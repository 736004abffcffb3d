from .averaging import averaging_kernel, averaging_kernels
from .draws import Draws
from .sampling import Sampler, posterior
from .self_check import SelfCheck

__all__ = [
    "Draws",
    "Sampler",
    "SelfCheck",
    "averaging_kernel",
    "averaging_kernels",
    "posterior",
]
