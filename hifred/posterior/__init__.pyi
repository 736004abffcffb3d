from .averaging import averaging_kernel, averaging_kernels
from .drawing import posterior
from .draws import Draws
from .refits import check_by_refits
from .sampling import Sampler
from .self_check import SelfCheck

__all__ = [
    "Draws",
    "Sampler",
    "SelfCheck",
    "averaging_kernel",
    "averaging_kernels",
    "check_by_refits",
    "posterior",
]
