"""Compiled loops over a positive cube ``V W``; each works on some of its pixels.

A change of the cube is that of a few coefficients per pixel: its spectrum is made
where it is needed, in the cache, and no cube of changes is ever stored. With the
value ``z``, its multiplier ``y`` and the relative changes ``r = dz / z``, the steps of
`hifred.solvers.slack_kernels` for a target of zero are ::

    predicted   dy  = -y (1 + r_1)
    corrected   y_+ = level / z + y r_1 (1 + r_1)
    final       dy  = y_+ - y (1 + r_2)
"""

import numpy as np

from hifred.compiling import njit
from hifred.solvers.slack_kernels import ANY_ORDER
from hifred.transforms.image_kernels import CONTRACT


@njit(nogil=True, cache=True, fastmath=CONTRACT)
def _write_spectrum(coefficients, basis, out):  # type: ignore[no-untyped-def]
    """Write the spectrum that `coefficients` of the (component, energy) basis make.

    Five at a time: each pass over the spectrum costs as much as its products.
    """
    out[:] = 0
    fives = len(basis) // 5 * 5
    for c in range(0, fives, 5):
        k0, k1, k2 = coefficients[c], coefficients[c + 1], coefficients[c + 2]
        k3, k4 = coefficients[c + 3], coefficients[c + 4]
        v0, v1, v2, v3, v4 = (
            basis[c],
            basis[c + 1],
            basis[c + 2],
            basis[c + 3],
            basis[c + 4],
        )
        for e in range(out.size):
            out[e] += k0 * v0[e] + k1 * v1[e] + (k2 * v2[e] + k3 * v3[e]) + k4 * v4[e]
    for c in range(fives, len(basis)):
        one, first = coefficients[c], basis[c]
        for e in range(out.size):
            out[e] += one * first[e]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=CONTRACT)
def _write_ratios(coefficients, basis, value, out):  # type: ignore[no-untyped-def]
    """Write the changes relative to the values."""
    _write_spectrum(coefficients, basis, out)
    for e in range(out.size):
        out[e] /= value[e]


@njit(nogil=True, cache=True, fastmath=ANY_ORDER)
def _limits(values):  # type: ignore[no-untyped-def]
    """Return the lowest and the highest of the values and zero; NaN gives any two."""
    lowest = highest = values.dtype.type(0)
    for e in range(values.size):
        lowest = values[e] if values[e] < lowest else lowest
        highest = values[e] if values[e] > highest else highest
    return lowest, highest


@njit(nogil=True, cache=True, fastmath=ANY_ORDER | CONTRACT)
def _sum_prediction(value, multiplier, ratios):  # type: ignore[no-untyped-def]
    """Return the sums of the products of values and multipliers, and of changes."""
    product, second_order = 0.0, 0.0
    for e in range(value.size):
        zy = np.float64(value[e]) * np.float64(multiplier[e])
        r = np.float64(ratios[e])
        product += zy
        second_order -= zy * (r + r * r)
    return product, second_order


@njit(nogil=True, cache=True)
def predict(value, multiplier, basis, step, sums, start, stop):  # type: ignore[no-untyped-def]
    """Write sums of products, and the fastest descent of a step to level zero."""
    ratios = np.empty_like(value[0])
    for p in range(start, stop):
        _write_ratios(step[p], basis, value[p], ratios)
        lowest, highest = _limits(ratios)
        sums[p, 0] = max(-lowest, 1 + highest)
        sums[p, 1:] = _sum_prediction(value[p], multiplier[p], ratios)


@njit(nogil=True, cache=True, error_model="numpy", fastmath=CONTRACT)
def _replace_by_corrected(value, multiplier, level, ratios):  # type: ignore[no-untyped-def]
    for e in range(ratios.size):
        r = ratios[e]
        ratios[e] = level / value[e] + multiplier[e] * (r + r * r)


@njit(nogil=True, cache=True, fastmath=ANY_ORDER | CONTRACT)
def _two_products(first, second, spectrum):  # type: ignore[no-untyped-def]
    one, other = 0.0, 0.0
    for e in range(spectrum.size):
        value = np.float64(spectrum[e])
        one += np.float64(first[e]) * value
        other += np.float64(second[e]) * value
    return one, other


@njit(nogil=True, cache=True)
def _write_adjoint(spectrum, basis, out):  # type: ignore[no-untyped-def]
    """Write the products with all spectra of the basis."""
    for c in range(0, len(basis), 2):
        other = min(c + 1, len(basis) - 1)
        out[c], out[other] = _two_products(basis[c], basis[other], spectrum)


@njit(nogil=True, cache=True)
def pull_corrected(value, multiplier, basis, first, level, out, start, stop):  # type: ignore[no-untyped-def]
    """Write ``V^T`` of the corrected multipliers, (pixel, component)."""
    room = np.empty_like(value[0])
    for p in range(start, stop):
        _write_ratios(first[p], basis, value[p], room)
        _replace_by_corrected(value[p], multiplier[p], level, room)
        _write_adjoint(room, basis, out[p])


@njit(nogil=True, cache=True, error_model="numpy", fastmath=CONTRACT)
def _replace_by_descent(value, multiplier, level, second, ratios):  # type: ignore[no-untyped-def]
    """Replace the first ratios by the relative descents of the multipliers."""
    unit = value.dtype.type(1)
    for e in range(value.size):
        r = ratios[e]
        rest = level / (value[e] * multiplier[e])
        ratios[e] = unit + second[e] - (r + r * r) - rest


@njit(nogil=True, cache=True)
def fastest(value, multiplier, basis, first, level, step, descents, start, stop):  # type: ignore[no-untyped-def]
    """Write the fastest relative descents of the values and of the multipliers."""
    one, other = np.empty_like(value[0]), np.empty_like(value[0])
    for p in range(start, stop):
        _write_ratios(first[p], basis, value[p], one)
        _write_ratios(step[p], basis, value[p], other)
        _replace_by_descent(value[p], multiplier[p], level, other, one)
        descents[p, 0], descents[p, 1] = -_limits(other)[0], _limits(one)[1]


@njit(nogil=True, cache=True, error_model="numpy", fastmath=CONTRACT)
def _move_spectrum(value, multiplier, level, first, change, lengths, z_out, y_out):  # type: ignore[no-untyped-def]
    unit, (primal, dual) = value.dtype.type(1), lengths
    for e in range(value.size):
        z, y, r, dz = value[e], multiplier[e], first[e], change[e]
        inverse = unit / z
        z_out[e] = z + primal * dz
        dy = level * inverse + y * (r + r * r - dz * inverse - unit)
        y_out[e] = y + dual * dy


@njit(nogil=True, cache=True)
def move(  # type: ignore[no-untyped-def]
    value,
    multiplier,
    basis,
    first,
    level,
    step,
    lengths,
    next_value,
    next_multiplier,
    start,
    stop,
):
    """Write value and multiplier after steps of the two lengths."""
    ratios, change = np.empty_like(value[0]), np.empty_like(value[0])
    for p in range(start, stop):
        z, y = value[p], multiplier[p]
        _write_ratios(first[p], basis, z, ratios)
        _write_spectrum(step[p], basis, change)
        out = next_value[p], next_multiplier[p]
        _move_spectrum(z, y, level, ratios, change, lengths, *out)
