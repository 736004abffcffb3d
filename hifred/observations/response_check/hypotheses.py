"""What may be wrong between two observations: where to look, and how it is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hifred.observations.response_check.misfit import Change
from hifred.observations.response_check.orientations import ORIENTATIONS

# Angles nearer than this (degrees) to twice a roll tell that its sign is wrong.
ROLL_TOLERANCE_DEG = 6.0
# Factors that units make, and what then is in the wrong one.
UNIT_FACTORS = {
    1e3: "an exposure in s where ks is meant, or the other way round",
    1e4: "an area in m2 where cm2 is meant, or the other way round",
    1e2: "an area or a percentage off by 100",
}


@dataclass(frozen=True)
class Pair:
    """What the sentences need to know of the pair.

    Parameters
    ----------
    imager, spectrometer : str
    pixel_size_arcsec : float
        Of the sky.
    roll_deg : float
        Position angle of the spectrometer's y axis against the sky's, 0 if unknown.
    data_shape : (int, int)
        Rows and columns of the spectrometer.
    reach : float
        Sky pixels by which an image may lie off.
    response_kev : float
        Width of the imager's response.
    """

    imager: str
    spectrometer: str
    pixel_size_arcsec: float
    roll_deg: float
    data_shape: tuple[int, int]
    reach: float
    response_kev: float


@dataclass(frozen=True)
class Hypothesis:
    """A change of few numbers, where to start looking for them, and its sentence."""

    name: str
    free: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    sentence: Callable[[Change, Pair], str]
    fixed: dict[str, Any]


def hypotheses(pair: Pair) -> list[Hypothesis]:
    """Return everything that may be wrong between the two, each by itself."""
    reach, width = pair.reach, pair.response_kev
    offsets = [(y, x) for y in _around(reach) for x in _around(reach)]
    angles = [(a,) for a in np.radians(np.arange(-180, 180, 12.0))]
    shifts = [(f * width,) for f in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)]
    gains = [(g,) for g in (-0.03, -0.01, 0.0, 0.01, 0.03)]
    scales = tuple((np.log(10.0) * p,) for p in np.arange(-4, 4.1, 0.5))
    return [
        _hypothesis("exposure or area scale", ("log_scale",), scales, _scale),
        _hypothesis("area across the band", ("log_scale", "tilt", "bend"), (), _area),
        _hypothesis("pointing or frame", ("dy", "dx"), offsets, _offset),
        _hypothesis("rotation", ("angle",), angles, _rotation),
        _hypothesis("pixel scale", ("log_zoom",), ((-0.4,), (0.0,), (0.4,)), _zoom),
        _hypothesis("PSF width", ("blur",), ((-1.0,), (0.0,), (2.0,), (8.0,)), _blur),
        _hypothesis("energy shift", ("shift_kev",), shifts, _shift),
        _hypothesis("energy scale", ("gain",), gains, _gain),
        _hypothesis("response width", ("spread",), (), _spread),
        _hypothesis("order of the channels", (), (), _reverse, reverse=True),
        *(
            _hypothesis("orientation", (), (), _turn, turn=turn)
            for turn in range(1, _n_orientations(pair.data_shape))
        ),
    ]  # fmt: skip


def _hypothesis(
    name: str,
    free: tuple[str, ...],
    starts: Any,
    sentence: Callable[[Change, Pair], str],
    **fixed: Any,
) -> Hypothesis:
    return Hypothesis(name, free, tuple(starts), sentence, fixed)


def _around(reach: float) -> tuple[float, ...]:
    return (-reach, -0.5 * reach, 0.0, 0.5 * reach, reach)


def _n_orientations(shape: tuple[int, int]) -> int:
    return len(ORIENTATIONS) if shape[0] == shape[1] else 4


def _scale(change: Change, pair: Pair) -> str:
    factor = float(np.exp(change.log_scale))
    near = {
        unit: text
        for unit, text in UNIT_FACTORS.items()
        if abs(np.log(max(factor, 1 / factor) / unit)) < 0.3
    }
    hint = f" ({next(iter(near.values()))})" if near else ""
    return (
        f"{pair.spectrometer} is {factor:.4g} times as bright as {pair.imager} at all "
        f"energies; check exposure times, areas, exposure maps and units{hint}."
    )


def _area(change: Change, pair: Pair) -> str:
    return (
        f"the brightness of {pair.spectrometer} over that of {pair.imager} changes by "
        f"{np.exp(-2 * change.tilt):.4g} across the band; check that each effective "
        "area belongs to its instrument, and is counted once."
    )


def _offset(change: Change, pair: Pair) -> str:
    y, x = (pair.pixel_size_arcsec * v for v in (change.dy, change.dx))
    return (
        f"{pair.spectrometer} fits {y:.3g} arcsec along y and {x:.3g} along x from "
        "where it is; check the pointings, and the frames of the coordinates."
    )


def _rotation(change: Change, pair: Pair) -> str:
    angle = float(np.degrees(np.angle(np.exp(1j * change.angle))))
    twice = 2 * pair.roll_deg
    off = [abs(np.degrees(np.angle(np.exp(1j * np.radians(angle - s * twice)))))
           for s in (-1, 1)]  # fmt: skip
    if abs(twice) > ROLL_TOLERANCE_DEG and min(off) < ROLL_TOLERANCE_DEG:
        return (
            f"the roll of {pair.spectrometer} has the wrong sign: it fits with "
            f"{-pair.roll_deg:.1f} instead of {pair.roll_deg:.1f} degrees; check "
            "roll_deg, the position angle of the y axis from north through east."
        )
    return (
        f"{pair.spectrometer} fits turned by {angle:.1f} degrees on the sky; check "
        "its roll angle."
    )


def _zoom(change: Change, pair: Pair) -> str:
    return (
        f"the pixels of {pair.spectrometer} fit {np.exp(change.log_zoom):.4g} times "
        "as large as given; check pixel_size_arcsec and CDELT."
    )


def _blur(change: Change, pair: Pair) -> str:
    width = pair.pixel_size_arcsec * np.sqrt(abs(change.blur))
    kind = "broader" if change.blur > 0 else "narrower"
    return (
        f"the PSF of {pair.spectrometer} fits {kind}, by {width:.3g} arcsec (sigma, "
        "in quadrature), than the difference of the PSFs says; check both PSFs."
    )


def _shift(change: Change, pair: Pair) -> str:
    return (
        f"the energies of {pair.spectrometer} fit {1e3 * change.shift_kev:+.3g} eV "
        "from where they are; check channel numbers (TLMIN), gains and channel edges."
    )


def _gain(change: Change, pair: Pair) -> str:
    return (
        f"the energies of {pair.spectrometer} fit {1 + change.gain:.5g} times as "
        "high as given; check the gains and the edges of the channels."
    )


def _spread(change: Change, pair: Pair) -> str:
    kind = "broader" if change.spread > 0 else "narrower"
    return (
        f"the response of {pair.imager} to a line fits {kind} than given; check "
        "that its redistribution matrix belongs to these data."
    )


def _reverse(change: Change, pair: Pair) -> str:
    return (
        f"the channels of {pair.spectrometer} fit in the opposite order; check "
        "whether its counts run with the energy."
    )


def _turn(change: Change, pair: Pair) -> str:
    return (
        f"the image of {pair.spectrometer} fits {ORIENTATIONS[change.turn]}; check "
        "the order of its axes, and the signs of CDELT or of its columns."
    )
