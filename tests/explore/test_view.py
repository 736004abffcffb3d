"""A view and its address: one can be made from the other."""

import dataclasses

import pytest

from hifred.explore.view import View

FULL = View(
    trial="00a", second="00b", slot="B", measure="asam", columns="rank", rows="mu",
    band=(0.5, 0.625), region="1 2 3 4", among="circle 1 2 3 0 # a\nbox 1 2 3 4 0 # b",
    spectra="corrected", residual="xrism", group=4, stretch="log",
    colours="gray", percentile=99.5, smooth=20.0, contours="imager",
    moment="mean energy", axis="velocity", line="Ne X Ly-alpha", redshift=0.01,
)  # fmt: skip


def test_an_address_brings_everything_back() -> None:
    assert View.read(FULL.query) == FULL
    assert all(
        getattr(FULL, field.name) != field.default for field in dataclasses.fields(View)
    )


def test_what_is_as_usual_is_not_in_the_address() -> None:
    assert View().query == ""
    assert View(trial="00a").query == "trial=00a"


@pytest.mark.parametrize("query", ["?group=many", "nonsense", "?unknown=1", "band=x y"])
def test_what_cannot_be_read_is_left_out(query) -> None:
    assert View.read(query) == View()


def test_what_differs_is_named() -> None:
    assert FULL.changed(dataclasses.replace(FULL, group=2, band=())) == {
        "group", "band",
    }  # fmt: skip
