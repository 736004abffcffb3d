"""What is written on the grid of trials has room, or is not written."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

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


@pytest.mark.parametrize(
    ("direction", "order"),
    [("higher", [0, 1, 2]), ("lower", [2, 1, 0]), ("zero", [0, 2, 1])],
)
def test_the_better_a_cell_the_brighter(direction: str, order: list[int]) -> None:
    view = GridView(lambda trial: None)
    shape = (1, 3)
    grid = MeasureGrid(
        np.array([[-10.0, 1.0, 4.0]]), np.full(shape, ""), np.full(shape, "0" * 12),
        np.ones(shape, int), (8.0,), ("a", "b", "c"), (0, 0), direction,
    )  # fmt: skip
    view.show(grid, "standard deviations", ("rank", "mu"))
    mapper, data = view._mapper, view.source.data
    places = (np.array(data["shade"]) - mapper.low) / (mapper.high - mapper.low)
    colours = [mapper.palette[round(255 * place)] for place in places]
    brightness = [sum(to_rgb(colour)) for colour in colours]
    assert np.argsort(brightness).tolist() == order
    assert [data["ink"][i] for i in (order[0], order[-1])] == ["white", "black"]
    assert data["text"] == ["-10", "1", "4"]
