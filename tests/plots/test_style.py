import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import rgb2lab

from hifred.plots.style import (
    REGULARIZER_COLOURS,
    REGULARIZER_MARKERS,
    ROLE_COLOURS,
    keep_ticks_on_scale,
    new_figure,
    regularizer_colour,
    square_root_scale,
    styled,
    symmetric_scale,
)

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def seen(colour: str, deficiency: str) -> np.ndarray:
    linear = np.asarray(to_rgb(colour)) ** 2.2
    shifted = np.clip(DEFICIENCIES[deficiency] @ linear, 0, 1) ** (1 / 2.2)
    return rgb2lab(shifted[None, None])[0, 0]


def closest(colours, deficiency: str) -> float:
    points = [seen(colour, deficiency) for colour in colours]
    return min(
        float(np.linalg.norm(a - b)) for a, b in itertools.combinations(points, 2)
    )


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("palette", [ROLE_COLOURS, REGULARIZER_COLOURS])
def test_colours_are_told_apart(palette, deficiency) -> None:
    assert closest(palette.values(), deficiency) > 12


def test_a_confusing_palette_would_be_found() -> None:
    assert closest(["#c00000", "#6b6b00"], "deuteranopia") < 12


def test_each_regulariser_has_its_own_marker() -> None:
    assert REGULARIZER_MARKERS.keys() == REGULARIZER_COLOURS.keys()
    assert len(set(REGULARIZER_MARKERS.values())) == len(REGULARIZER_MARKERS)


def test_an_unknown_regulariser_gets_the_same_spare_colour_each_time() -> None:
    assert regularizer_colour("tv") == regularizer_colour("tv")


def test_square_root_scale_puts_a_quarter_in_the_middle() -> None:
    assert square_root_scale(0, 100)(25) == pytest.approx(0.5)


@pytest.mark.parametrize("highest", [0.0, -0.02])
def test_a_map_on_which_nothing_is_above_0_is_dark(highest: float) -> None:
    figure = new_figure(2, 2)
    axis = figure.subplots()
    image = np.full((2, 3), highest)
    drawn = axis.imshow(image, norm=square_root_scale(0.0, highest), cmap="inferno")
    figure.colorbar(drawn, ax=axis)
    assert drawn.norm.vmin == 0.0
    assert (drawn.to_rgba(image) == drawn.cmap(0.0)).all()


def test_a_bar_has_no_ticks_that_its_scale_clips() -> None:
    figure = new_figure(2, 2)
    axis = figure.subplots()
    drawn = axis.imshow([[0.0, 1.45]], norm=square_root_scale(0.0, 1.45))
    bar = figure.colorbar(drawn, ax=axis)
    keep_ticks_on_scale(bar)
    assert bar.get_ticks() == pytest.approx([0.0, 0.3, 0.6, 0.9, 1.2])


@pytest.mark.parametrize("top", [0.0, -3.0])
def test_scales_of_nothing_still_draw(top) -> None:
    assert np.isfinite(float(square_root_scale(0, top)(0.0)))
    assert symmetric_scale(0.0)(0.0) == pytest.approx(0.5)


def test_the_style_leaves_no_trace() -> None:
    before = dict(mpl.rcParams)
    styled(lambda: mpl.rcParams["font.size"])()
    assert dict(mpl.rcParams) == before
