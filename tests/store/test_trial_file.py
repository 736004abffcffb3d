"""One finished trial: written once, read by anybody, damage noticed."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zarr.storage import ZipStore

from hifred.errors import SchemaError
from hifred.store.sealed_zip import DamagedFileError
from hifred.store.trial_file import (
    open_trial,
    publish_trial,
    read_arrays,
    read_trial_attributes,
    verify_trial,
)
from tests.store.datasets import RECORD, result

NAME = "ab12cd34ef56"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trials") / f"{NAME}.zarr.zip"
    assert publish_trial(path, result(), RECORD)
    return path


def test_a_trial_reads_back(path: Path) -> None:
    with open_trial(path) as found:
        expected = result()
        xr.testing.assert_equal(found.drop_attrs(), expected.drop_attrs())
        assert found.flux.attrs == expected.flux.attrs
        assert found.energy.attrs == expected.energy.attrs
        assert set(found.coords) == set(expected.coords)
        assert found.flux.dtype == np.float32
        assert found.attrs["record"]["settings"] == {"mu": 0.1}


def test_plain_xarray_opens_it(path: Path) -> None:
    with xr.open_zarr(ZipStore(path, mode="r")) as found:
        np.testing.assert_array_equal(found.flux, result().flux)
        assert str(found.term.values[0]) == "total"


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_it_is_the_same_group_as_xarray_would_write(path: Path, tmp_path: Path) -> None:
    result().to_zarr(tmp_path / "x.zarr", zarr_format=3)
    with open_trial(path) as ours, xr.open_zarr(tmp_path / "x.zarr") as theirs:
        xr.testing.assert_equal(ours.drop_attrs(), theirs.drop_attrs())


def test_the_first_attempt_wins(path: Path) -> None:
    before = path.read_bytes()
    assert not publish_trial(path, result(1), RECORD)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_same_result_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    publish_trial(tmp_path / "again.zarr.zip", result(), RECORD)
    assert (tmp_path / "again.zarr.zip").read_bytes() == path.read_bytes()


def test_attributes_are_read_without_the_arrays(path: Path) -> None:
    facts = read_trial_attributes(path)
    assert facts["record"] == RECORD
    assert facts["measures"]["nmse_db"]["attrs"]["direction"] == "higher"
    assert np.isnan(facts["measures"]["worst"]["value"])
    assert facts["grid"]["shape"] == [2, 3, 4]


def test_arrays_are_read_alone(path: Path) -> None:
    found = read_arrays(path, ["flux", "sam"])
    np.testing.assert_array_equal(found["flux"], result().flux)
    np.testing.assert_array_equal(found["sam"], result().sam)
    with pytest.raises(SchemaError):
        read_arrays(path, ["absent"])


def test_objects_are_not_stored(tmp_path: Path) -> None:
    bad = xr.Dataset({"a": ("i", np.array([{}], dtype=object))})
    with pytest.raises(SchemaError, match="Objects are never stored"):
        publish_trial(tmp_path / "a.zarr.zip", bad, RECORD)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**7), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(
    path: Path, tmp_path: Path, place: int, bit: int
) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    damaged = tmp_path / "damaged.zarr.zip"
    damaged.write_bytes(content)
    with pytest.raises(SchemaError):
        verify_trial(damaged, NAME)


@pytest.mark.parametrize("left", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_noticed(path: Path, tmp_path: Path, left: float) -> None:
    content = path.read_bytes()
    kept = content[: int(left * len(content)) if left < 1 else left]
    damaged = tmp_path / f"{NAME}.zarr.zip"
    damaged.write_bytes(kept)
    for read in (open_trial, read_trial_attributes, lambda p: verify_trial(p, NAME)):
        with pytest.raises(SchemaError, match=NAME):
            read(damaged)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_no_trial(tmp_path: Path, make) -> None:
    path = tmp_path / f"{NAME}.zarr.zip"
    make(path)
    with pytest.raises(DamagedFileError, match="must be whole; it is no file"):
        read_trial_attributes(path)


def test_a_file_of_another_trial_is_noticed(path: Path) -> None:
    verify_trial(path, NAME)
    with pytest.raises(SchemaError, match="it holds ab12"):
        verify_trial(path, "000000000000")


def foreign(tmp_path: Path, members: dict[str, bytes], how: int = zipfile.ZIP_STORED):
    path = tmp_path / "foreign.zarr.zip"
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def root(**changes: object) -> bytes:
    attributes = {"schema": "hifred-trial", "schema_version": 1, **changes}
    return json.dumps(
        {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    ).encode()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../evil": b""}, "relative paths"),
        ({"/etc/evil": b""}, "relative paths"),
        ({"a/../../evil": b""}, "relative paths"),
        ({"C:/evil": b""}, "relative paths"),
        ({"a\\..\\evil": b""}, "relative paths"),
        ({"readme": b""}, "must hold 'zarr.json'"),
        ({"zarr.json": b"{}"}, "Zarr version 3 group"),
        ({"zarr.json": b"not json"}, "Zarr version 3 group"),
        ({"zarr.json": root(schema="other")}, "got 'other'"),
        ({"zarr.json": root(schema_version=9)}, "version 9"),
    ],
)
def test_foreign_archives_are_refused(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        open_trial(foreign(tmp_path, members))


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="plain stored"):
        open_trial(foreign(tmp_path, {"zarr.json": root()}, zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize(
    "data_type",
    ["object", {"name": "numpy.object"}, "variable_length_bytes", "struct", "r64"],
)
def test_object_types_are_refused(tmp_path: Path, data_type: object) -> None:
    array = {"zarr_format": 3, "node_type": "array", "data_type": data_type}
    members = {"zarr.json": root(), "evil/zarr.json": json.dumps(array).encode()}
    members["evil/c/0"] = pickle.dumps({})
    with pytest.raises(SchemaError, match="numbers and text only"):
        open_trial(foreign(tmp_path, members))
