"""What is written on the grid of trials has room, or is not written."""

import numpy as np
import pytest

from hifred.explore.grid_view import GridView
from hifred.plots.trial_grid import MeasureGrid


def shown(columns: tuple[str, ...], n_trials: int = 1) -> GridView:
    shape = (1, len(columns))
    view = GridView(lambda trial: None)
    trials = np.full(shape, "000000000000")
    grid = MeasureGrid(
        np.full(shape, 19.09), np.full(shape, ""), trials, np.full(shape, n_trials),
        (8.0,), columns, (0, 0),
    )  # fmt: skip
    view.show(grid, "dB", ("target_resolution", "rank"))
    return view


@pytest.mark.parametrize(
    ("columns", "is_turned"),
    [
        (("as_given", "intrinsic"), False),
        (("as_given",) * 7, True),
        (("1",) * 12, False),
    ],
)
def test_names_that_would_touch_are_turned(columns, is_turned) -> None:
    columns = tuple(f"{name}{i:x}" for i, name in enumerate(columns))
    orientation = shown(columns).figure.xaxis[0].major_label_orientation
    assert (orientation != "horizontal") == is_turned


def test_numbers_that_would_touch_are_left_to_the_pointer() -> None:
    assert shown(tuple("abcdefgh"))._texts.visible
    assert not shown(tuple("abcdefgh"), n_trials=12)._texts.visible
    assert not shown(tuple("abcdefghi"))._texts.visible
