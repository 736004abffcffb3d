"""Fusion inputs on disk: lossless, atomic, recognisable."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import xarray as xr
import zarr

from hifred.errors import SchemaError
from hifred.observations import FusionInput, redistribution_of
from hifred.store import (
    content_digest,
    input_digest,
    open_fusion_input,
    save_fusion_input,
)
from tests.observations.cases import ENERGY_EDGES, imager, observations, spectrometer


def truth() -> xr.Dataset:
    flux = np.random.default_rng(3).random((24, 6, 9))
    units = {"units": "photon cm-2 s-1", "long_name": "flux"}
    return xr.Dataset(
        {"flux": (("energy", "y", "x"), flux, units)},
        {"energy_edges": ("energy_edge", ENERGY_EDGES, {"units": "keV"})},
    )


@pytest.fixture
def fusion_input() -> FusionInput:
    return FusionInput(observations(), truth(), {"seed": 3, "source": "test"})


def sparse_redistribution() -> scipy.sparse.csr_array:
    return scipy.sparse.csr_array(np.kron(np.eye(4), np.ones((1, 6))) * 0.9)


def assert_same(found: xr.Dataset, expected: xr.Dataset) -> None:
    xr.testing.assert_identical(found, expected)
    for name in expected.variables:
        assert found[name].dtype == expected[name].dtype


def test_round_trip_loses_nothing(tmp_path: Path, fusion_input: FusionInput) -> None:
    path = save_fusion_input(tmp_path / "deep" / "case.zarr", fusion_input)
    found = open_fusion_input(path)
    assert list(found.observations) == list(fusion_input.observations)
    for name, observation in fusion_input.observations.items():
        assert_same(found.observations[name], observation)
    assert found.truth is not None
    assert_same(found.truth, truth())
    assert found.attrs == fusion_input.attrs


def test_its_memory_is_free_as_soon_as_nobody_holds_it(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    path = save_fusion_input(tmp_path / "case.zarr", fusion_input)
    # A cycle would keep all arrays for the garbage collector, which counts objects.
    gc.collect()
    gc.disable()
    try:
        found = open_fusion_input(path)
        arrays = [v.values for o in found.observations.values() for v in o.values()]
        seen = [weakref.ref(array) for array in arrays]
        del found, arrays
        assert [ref() for ref in seen] == [None] * len(seen)
    finally:
        gc.enable()


def test_every_optional_variable_survives(tmp_path: Path) -> None:
    pixels = scipy.sparse.random_array((54, 80), density=0.1, rng=1)
    first = imager(
        line_spread=None,
        redistribution=sparse_redistribution(),
        psf=None,
        spatial_matrix=pixels,
        y_sky=np.arange(8) * 10.0,
        x_sky=np.arange(10) * 10.0,
        background=0.5,
        mask=np.eye(6, 9) == 0,
        expected_counts=np.full((4, 6, 9), 30.0),
        wcs="CTYPE1  = 'RA---TAN'",
    )
    second = spectrometer(vignetting=np.full((24, 6, 9), 0.5))
    path = save_fusion_input(
        tmp_path / "case.zarr", FusionInput({"epic": first, "resolve": second})
    )
    found = open_fusion_input(path)
    assert_same(found.observations["epic"], first)
    assert_same(found.observations["resolve"], second)
    matrix = redistribution_of(found.observations["epic"])
    assert scipy.sparse.issparse(matrix)
    assert found.truth is None


@pytest.mark.filterwarnings("error")
def test_groups_open_without_hifred(tmp_path: Path, fusion_input: FusionInput) -> None:
    path = save_fusion_input(tmp_path / "case.zarr", fusion_input)
    plain = xr.open_zarr(path, group="observations/epic", chunks=None)
    xr.testing.assert_identical(plain.load(), fusion_input.observations["epic"])
    for name in plain.variables:
        assert {"units", "long_name"} <= set(plain[name].attrs)


def test_digest_depends_on_content_alone(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    path = save_fusion_input(tmp_path / "one.zarr", fusion_input)
    turned = dict(reversed(fusion_input.observations.items()))
    other = FusionInput(turned, fusion_input.truth, {"seed": 4})
    chunked = tmp_path / "two.zarr"
    save_fusion_input(chunked, other)
    assert input_digest(path) == input_digest(chunked) == content_digest(other)


def test_digest_sees_every_change(fusion_input: FusionInput) -> None:
    def with_imager(**changes: object) -> str:
        changed = {**fusion_input.observations, "epic": imager(**changes)}
        return content_digest(FusionInput(changed, fusion_input.truth))

    counts = imager()["counts"].values.copy()
    counts[1, 2, 3] += 1
    digests = {
        content_digest(fusion_input),
        content_digest(FusionInput(fusion_input.observations)),
        with_imager(counts=counts),
        with_imager(exposure_time=1001.0),
        with_imager(background=0.0),
        with_imager(instrument="mos1"),
    }
    assert len(digests) == 6


def test_an_earlier_input_is_replaced(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    path = save_fusion_input(tmp_path / "case.zarr", fusion_input)
    save_fusion_input(path, FusionInput({"epic": imager()}))
    assert list(open_fusion_input(path).observations) == ["epic"]
    assert [p.name for p in tmp_path.iterdir()] == ["case.zarr"]


def test_a_foreign_folder_is_left_alone(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(SchemaError, match="output must be a new or empty folder"):
        save_fusion_input(tmp_path, fusion_input)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_a_failed_write_leaves_nothing(
    tmp_path: Path, fusion_input: FusionInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(SchemaError, match="No space left"):
        save_fusion_input(tmp_path / "case.zarr", fusion_input)
    assert not list(tmp_path.iterdir())


def test_an_invalid_observation_is_not_written(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    wrong = imager()
    wrong["counts"][0, 0, 0] = -1
    with pytest.raises(SchemaError, match="counts must be finite and not negative"):
        save_fusion_input(tmp_path / "case.zarr", FusionInput({"epic": wrong}))
    assert not list(tmp_path.iterdir())


def test_a_name_that_names_no_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="name must be made of letters"):
        save_fusion_input(tmp_path / "case.zarr", FusionInput({"a/b": imager()}))


def test_what_is_no_fusion_input_is_refused(
    tmp_path: Path, fusion_input: FusionInput
) -> None:
    with pytest.raises(SchemaError, match=r"must be a Zarr folder; .* is not there"):
        open_fusion_input(tmp_path / "absent.zarr")
    with pytest.raises(SchemaError, match="must be a Zarr group"):
        open_fusion_input(tmp_path)
    zarr.open_group(tmp_path / "other.zarr", mode="w", attributes={"a": 1})
    with pytest.raises(SchemaError, match="must have schema 'hifred-fusion-input'"):
        open_fusion_input(tmp_path / "other.zarr")
    path = save_fusion_input(tmp_path / "case.zarr", fusion_input)
    zarr.open_group(path, mode="a").attrs["schema_version"] = 2
    with pytest.raises(SchemaError, match="version 2"):
        input_digest(path)
