"""Laws that every figure keeps: it draws, its axes have units, gaps have words."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.axes import Axes

from hifred.errors import HifredError
from hifred.mixing import light_from_elsewhere
from hifred.observations import FusionInput
from hifred.plots import (
    Region,
    comparison_layers,
    fusion_layer,
    plot_angular_distance,
    plot_averaging,
    plot_comparison,
    plot_cost_terms,
    plot_costs,
    plot_elsewhere,
    plot_error_histograms,
    plot_error_maps,
    plot_maps,
    plot_measure_curves,
    plot_measure_grid,
    plot_parallel_coordinates,
    plot_pixel_shares,
    plot_residuals,
    plot_shares,
    plot_spectra,
    plot_standard_errors,
)
from hifred.plots.trial_grid import measure_grid
from tests.made_up import (
    make_collected,
    make_observations,
    make_result,
    make_truth,
)
from tests.posterior.made_up_draws import fit_of, made_up_draws


def made_up_kernels(fit: xr.Dataset) -> xr.Dataset:
    image = fit["flux"].sum("energy")
    offsets = [-1.0, 0.0, 1.0]
    kernel = image.expand_dims(y_offset=offsets, x_offset=offsets)
    share = image / image.max()
    maps = {"own_share": share, "width": share.where(share < 1), "total": share}
    return xr.Dataset({"kernel": kernel / kernel.max(), "flux": image, **maps})


TRUTH = make_truth()
OBSERVATIONS = make_observations(TRUTH)
RESULT = make_result(TRUTH)
COLLECTED = make_collected()
LAYERS = comparison_layers(OBSERVATIONS, RESULT, TRUTH)
REGIONS = [Region.pixel(-20, 30), Region((-40, 0), (-30, 20))]
TRIALS = {"a": RESULT, "b": make_result(TRUTH, 3)}
EXPECTED = {k: v["expected_counts"].to_numpy() for k, v in OBSERVATIONS.items()}
SHARES = pd.DataFrame(
    [[0.6, 0.3, 0.1], [0.2, np.nan, 0.1]],
    index=pd.Index(["knot $a^{", "rim"], name="region"),
    columns=["knot $a^{", "rim", "lost"],
)
GROUPS = xr.DataArray([[0, -1, 1]], {"y": [0.0], "x": [-10.0, 0.0, 10.0]}, ("y", "x"))
DRAWS = made_up_draws()
FIT = fit_of(DRAWS)
KERNELS = made_up_kernels(FIT)
ELSEWHERE = light_from_elsewhere(FusionInput(OBSERVATIONS))

FIGURES = {
    "maps": lambda: plot_maps(LAYERS, regions=REGIONS),
    "maps_two_rows": lambda: plot_maps(LAYERS, (0.9, 1.0), n_columns=3),
    "spectra": lambda: plot_spectra(LAYERS, REGIONS),
    "comparison": lambda: plot_comparison(OBSERVATIONS, RESULT, TRUTH, title="t"),
    "comparison_of_real_data": lambda: plot_comparison(OBSERVATIONS, RESULT),
    "averaging": lambda: plot_averaging(KERNELS, Region.pixel(1, 2)),
    "standard_errors": lambda: plot_standard_errors(fusion_layer(FIT, draws=DRAWS)),
    "residuals": lambda: plot_residuals(OBSERVATIONS, EXPECTED),
    "costs": lambda: plot_costs({**TRIALS, "lost": TRUTH}),
    "cost_terms": lambda: plot_cost_terms(RESULT),
    "grid": lambda: plot_measure_grid(
        COLLECTED, "nmse_db", where={"model": "demo", "regularizer": "lrs"}
    ),
    "curves": lambda: plot_measure_curves(COLLECTED, "asam", where={"model": "demo"}),
    "sam": lambda: plot_error_maps({**TRIALS, "lost": TRUTH}),
    "relative_error": lambda: plot_error_maps(TRIALS, "relative_error"),
    "histograms": lambda: plot_error_histograms({**TRIALS, "lost": TRUTH}),
    "angular_distance": lambda: plot_angular_distance(
        LAYERS[:1], [RESULT["sam"].rename("angular_distance")]
    ),
    "shares": lambda: plot_shares(SHARES, SHARES),
    "pixel_shares": lambda: plot_pixel_shares(SHARES, SHARES, GROUPS),
    "elsewhere": lambda: plot_elsewhere(ELSEWHERE),
    "parallel": lambda: plot_parallel_coordinates(COLLECTED, ["nmse_db", "deviance"]),
}


@pytest.fixture(scope="module")
def drawn():
    figures = {name: draw() for name, draw in FIGURES.items()}
    for figure in figures.values():
        figure.draw_without_rendering()
    return figures


def texts(figure) -> str:
    found = []
    for axis in figure.axes:
        found += [text.get_text() for text in axis.texts]
        found += [axis.get_title(loc=place) for place in ("left", "center", "right")]
    return " ".join(found)


def visible(axis: Axes) -> bool:
    return axis.get_visible() and axis.axison


@pytest.mark.parametrize("name", FIGURES)
def test_no_label_of_a_tick_covers_the_next(drawn, name) -> None:
    for axis in filter(visible, drawn[name].axes):
        for side, labels in (
            ("x", axis.xaxis.get_ticklabels()),
            ("y", axis.yaxis.get_ticklabels()),
        ):
            boxes = [t.get_window_extent() for t in labels if t.get_text()]
            ends = sorted(getattr(box, f"interval{side}").tolist() for box in boxes)
            for (_, end), (begin, _) in pairwise(ends):
                assert end <= begin, [t.get_text() for t in labels]


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_has_a_unit(drawn, name) -> None:
    for axis in filter(visible, drawn[name].axes):
        for label, ticks in (
            (axis.get_xlabel(), axis.xaxis.get_ticklabels()),
            (axis.get_ylabel(), axis.yaxis.get_ticklabels()),
        ):
            shown = [t for t in ticks if t.get_visible() and t.get_text()]
            shares = axis.get_shared_x_axes().get_siblings(axis)
            if shown and len(shares) == 1:
                assert "(" in label, label


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(drawn, name) -> None:
    figure = drawn[name]
    page = figure.bbox
    for axis in filter(visible, figure.axes):
        for label in (axis.xaxis.label, axis.yaxis.label):
            if label.get_text() and label.get_visible():
                box = label.get_window_extent()
                assert box.x0 > -2
                assert box.y0 > -2
                assert box.x1 < page.x1 + 2
                assert box.y1 < page.y1 + 2


def test_maps_share_one_scale(drawn) -> None:
    scales = {(i.norm.vmin, i.norm.vmax) for a in drawn["maps"].axes for i in a.images}
    assert len(scales) == 1


def test_grid_names_what_is_missing(drawn) -> None:
    shown = texts(drawn["grid"])
    for word in ("failed", "diverged", "pending", "not\nplanned"):
        assert word in shown
    hatched = [p for p in drawn["grid"].axes[0].patches if p.get_hatch()]
    assert len(hatched) == 4


def test_curves_name_what_is_missing(drawn) -> None:
    shown = texts(drawn["curves"])
    for word in ("failed", "diverged", "pending"):
        assert word in shown


def test_a_missing_trial_is_never_drawn_as_zero(drawn) -> None:
    for line in drawn["curves"].axes[0].lines:
        values = np.asarray(line.get_ydata(), dtype=float)
        if line.get_marker() != "x":
            assert not (values[np.isfinite(values)] == 0).any()


@pytest.mark.parametrize("name", ["sam", "histograms", "costs"])
def test_a_trial_without_the_quantity_is_named(drawn, name) -> None:
    shown = texts(drawn[name])
    assert "no " in shown
    assert "lost" in shown


def test_parallel_coordinates_count_what_is_missing(drawn) -> None:
    assert "1 diverged, 1 failed, 1 pending" in texts(drawn["parallel"])


@pytest.mark.parametrize(
    "draw",
    [
        lambda real: plot_measure_grid(real, "nmse_db"),
        lambda real: plot_measure_curves(real, "asam"),
        lambda real: plot_parallel_coordinates(real, ["ergas"]),
        lambda real: plot_error_maps({"real": TRUTH}, "sam"),
        lambda real: plot_error_histograms({"real": TRUTH}, "relative_error"),
    ],
)
def test_truth_is_asked_for_on_real_data(draw) -> None:
    with pytest.raises(HifredError, match="whose truth nobody knows"):
        draw(make_collected(with_truth=False))


def test_an_unknown_map_is_refused() -> None:
    with pytest.raises(HifredError, match="unknown map 'samm'"):
        plot_error_maps({"a": RESULT}, "samm")


def test_no_layers_are_refused() -> None:
    with pytest.raises(HifredError, match="at least one cube"):
        plot_maps([])


def test_layers_without_common_energies_are_refused() -> None:
    shifted = TRUTH.assign_coords(energy_edges=TRUTH["energy_edges"] + 5)
    with pytest.raises(HifredError, match="share some energies"):
        plot_maps([*LAYERS, *comparison_layers({}, None, shifted)])


def test_a_histogram_counts_what_lies_beyond_its_bins(drawn) -> None:
    axis = drawn["histograms"].axes[0]
    shown = [line.get_text() for line in axis.get_legend().get_texts()]
    images = [trial["sam"].to_numpy() for trial in TRIALS.values()]
    figure = plot_error_histograms(TRIALS, "sam")
    limits = np.percentile(np.concatenate([i.ravel() for i in images]), [3, 97])
    legend = figure.axes[0].get_legend().get_texts()
    for image, text in zip(images, legend, strict=True):
        below, above = int((image < limits[0]).sum()), int((image > limits[1]).sum())
        assert f"beyond: {below} below, {above} above" in text.get_text()
    assert all("beyond" in text for text in shown)


def test_next_to_no_difference_does_not_span_the_scale() -> None:
    nearly_equal = COLLECTED.copy(deep=True)
    nearly_equal["nmse_db"] = nearly_equal["nmse_db"] * 1e-4 + 20.0
    nearly_equal["nmse_db"].attrs = COLLECTED["nmse_db"].attrs
    where = {"model": "demo", "regularizer": "lrs"}
    drawn = plot_measure_grid(nearly_equal, "nmse_db", where=where).axes[0].images[0]
    assert drawn.norm.vmax - drawn.norm.vmin == pytest.approx(0.5)


MERITS = {"higher": np.positive, "lower": np.negative, "zero": lambda v: -np.abs(v)}


@pytest.mark.parametrize("direction", MERITS)
def test_the_better_a_cell_the_brighter(direction) -> None:
    signed = COLLECTED.copy(deep=True)
    signed["nmse_db"] = 3 * (signed["nmse_db"] - signed["nmse_db"].mean())
    signed["nmse_db"].attrs = COLLECTED["nmse_db"].attrs | {"direction": direction}
    where = {"model": "demo", "regularizer": "lrs"}
    values = measure_grid(signed, "nmse_db", where=where).values
    drawn = plot_measure_grid(signed, "nmse_db", where=where).axes[0].images[0]
    known = np.isfinite(values)
    assert values[known].min() < 0 < values[known].max()
    brightness = drawn.to_rgba(drawn.get_array())[known][:, :3].sum(axis=1)
    order = np.argsort(MERITS[direction](values[known]))
    assert (np.diff(brightness[order]) >= 0).all()
    assert brightness[order[-1]] > brightness[order[0]]


def test_distances_from_0_are_told_and_begin_at_0() -> None:
    signed = COLLECTED.copy(deep=True)
    signed["nmse_db"].attrs["direction"] = "zero"
    figure = plot_measure_grid(signed, "nmse_db", where={"regularizer": "lrs"})
    assert figure.axes[0].images[0].norm.vmin == 0.0
    assert figure.axes[1].get_ylabel().startswith("size of ")


def test_a_resumed_solve_is_drawn_at_its_own_iterations() -> None:
    resumed = RESULT.assign_attrs(record={"iterations": 100})
    (line,) = plot_costs({"a": resumed}).axes[0].lines
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (61, 100)


def test_errors_that_are_not_known_are_not_drawn():
    with pytest.raises(HifredError, match="errors of fusion must be known; got no dr"):
        plot_standard_errors(fusion_layer(FIT))


def test_several_fusions_have_a_colour_each() -> None:
    fused = [fusion_layer(trial, label=name) for name, trial in TRIALS.items()]
    figure = plot_spectra([*LAYERS, *fused], REGIONS)
    drawn = figure.axes[0].patches
    assert len(drawn) == len(LAYERS) + len(fused)
    assert len({patch.get_edgecolor() for patch in drawn}) == len(drawn)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        layer.label for layer in [*LAYERS, *fused]
    ]


def test_each_pixel_has_the_shares_of_each_region(drawn) -> None:
    axes = [axis for axis in drawn["pixel_shares"].axes if axis.images]
    assert [axis.get_title() for axis in axes] == [
        r"of knot \$a^{'s light", "of rim's light", r"from knot \$a^{", "from rim"
    ]  # fmt: skip
    first, second = (axis.images[0].get_array() for axis in axes[:2])
    assert first.mask.tolist() == [[False, True, False]]
    np.testing.assert_allclose(first.compressed(), [60, 30])
    np.testing.assert_allclose(second.compressed(), [20])
