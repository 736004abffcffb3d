"""The best trial is on top of every axis."""

import numpy as np

from hifred.plots import plot_parallel_coordinates
from tests.made_up import labelled, make_collected


def test_the_nearest_to_zero_is_on_top() -> None:
    table = make_collected().isel(trial=[0, 1, 2, 3])
    values = np.array([-10.0, 11.0, 0.5, -3.0])
    table["misfit"] = labelled("trial", values, "1", "misfit", direction="zero")
    axis = plot_parallel_coordinates(table, ["misfit"]).axes[0]
    ends = [line.get_ydata()[-1] for line in axis.lines if len(line.get_ydata()) > 2]
    assert np.argsort(ends).tolist() == np.argsort(-np.abs(values)).tolist()
    assert any(text.get_text().startswith("size of") for text in axis.texts)
