r"""The natural logarithm as vector code: the compiled standard one is called by entry.

.. math:: \ln (2^e \, q) = e \ln 2 + 2 \, \mathrm{artanh} \frac{q - 1}{q + 1}

with the mantissa between :math:`\sqrt{1/2}` and :math:`\sqrt 2`.
"""

import numpy as np

from hifred.compiling import njit

LN_2 = float(np.log(2))
# Taylor coefficients of 2 artanh, but the first; the next one would change nothing.
SERIES = tuple(2 / n for n in range(21, 2, -2))
# Bits of the smallest mantissa, and how many bits a mantissa has.
LEAST_SINGLE, WIDTH_SINGLE = int(np.float32(0.5**0.5).view(np.int32)), 23
LEAST_DOUBLE, WIDTH_DOUBLE = int(np.float64(0.5**0.5).view(np.int64)), 52


@njit(nogil=True, cache=True, inline="always")
def _split(bits, least, width, exponents, mantissas):  # type: ignore[no-untyped-def]
    for i in range(bits.size):
        exponent = (bits[i] - least) >> width
        mantissas[i] = bits[i] - (exponent << width)
        exponents[i] = exponent


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _finish(exponents, mantissas):  # type: ignore[no-untyped-def]
    """Replace the mantissas by the logarithms of the numbers."""
    kind = mantissas.dtype.type
    one, two, ln_2 = kind(1), kind(2), kind(LN_2)
    for i in range(mantissas.size):
        slope = (mantissas[i] - one) / (mantissas[i] + one)
        square = slope * slope
        rest = kind(0)
        for coefficient in SERIES:
            rest = (rest + kind(coefficient)) * square
        mantissas[i] = exponents[i] * ln_2 + slope * (two + rest)


@njit(nogil=True, cache=True)
def write_logarithms(values, exponents, out):  # type: ignore[no-untyped-def]
    """Write the logarithms of positive `values`; `exponents` is room for as many.

    Good to a unit in the last place or two. What is not finite or not positive gives
    any number.
    """
    if values.itemsize == 4:
        bits, rest = values.view(np.int32), out.view(np.int32)
        _split(bits, LEAST_SINGLE, WIDTH_SINGLE, exponents, rest)
    else:
        bits, rest = values.view(np.int64), out.view(np.int64)
        _split(bits, LEAST_DOUBLE, WIDTH_DOUBLE, exponents, rest)
    _finish(exponents, out)
