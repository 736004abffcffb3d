"""Laws that whole families of classes obey, stated once."""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.testing import assert_allclose

from hifred.functionals.base import Smooth
from hifred.operators.base import LinearOperator


def assert_adjoint(operator: LinearOperator, rng: np.random.Generator) -> None:
    """<A x, y> equals <x, A^T y>."""
    x = rng.standard_normal(operator.input_shape)
    y = rng.standard_normal(operator.output_shape)
    forward, backward = operator.apply(x), operator.adjoint(y)
    assert forward.shape == operator.output_shape
    assert backward.shape == operator.input_shape
    scale = np.linalg.norm(forward) * np.linalg.norm(y)
    assert_allclose(
        np.vdot(forward, y), np.vdot(x, backward), rtol=0, atol=1e-12 * scale
    )


def assert_gradient(
    functional: Smooth, x: np.ndarray, direction: np.ndarray, step: float = 1e-3
) -> None:
    """The Taylor remainder drops four-fold when the step halves."""
    value = functional.value(x)
    slope = float(np.vdot(functional.gradient(x), direction))

    def remainder(h: float) -> float:
        return functional.value(x + h * direction) - value - h * slope

    large, small = remainder(step), remainder(step / 2)
    # A linear functional leaves no remainder, only rounding.
    rounding = 1e-13 * (1 + abs(value))
    assert abs(large - 4 * small) <= 0.1 * abs(large) + 10 * rounding


def assert_same_sky(found: SkyCoord, wanted: SkyCoord, tolerance_deg: float) -> None:
    """Positions in any frames lie on one another."""
    apart = np.max(found.transform_to("icrs").separation(wanted.transform_to("icrs")))
    assert apart.deg <= tolerance_deg
