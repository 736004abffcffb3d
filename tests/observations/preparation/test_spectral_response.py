"""One instrument's area and efficiency, in whichever of its files they stand."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations import FusionInput, redistribution_of
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.ogip_writers import write_arf, write_rmf
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.settings import parse_preparation
from tests.observations import instrument_case as case


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    case.write_case(folder)
    for name in ("mos1", "resolve"):
        _write_variants(folder, name)
    return folder


def efficiency(edges: np.ndarray) -> np.ndarray:
    """Falls with energy, and halves at 6.5 keV."""
    energy = 0.5 * (edges[1:] + edges[:-1])
    return (0.9 - 0.1 * (energy - 6)) * np.where(energy < 6.5, 1, 0.5)


def _write_variants(folder: Path, name: str) -> None:
    rmf, arf = read_rmf(folder / f"{name}.rmf"), read_arf(folder / f"{name}.arf")
    part = efficiency(rmf.energy_edges)
    write_rmf(folder / f"{name}.rsp", _scaled(rmf, arf.effective_area, "FULL"))
    write_rmf(folder / f"{name}_part.rmf", _scaled(rmf, part, "DETECTOR"))
    write_arf(
        folder / f"{name}_part.arf", Arf(arf.energy_edges, arf.effective_area / part)
    )


def _scaled(rmf: Rmf, factor: np.ndarray, kind: str) -> Rmf:
    return replace(rmf, matrix=(rmf.matrix * factor).tocsr(), kind=kind)


def prepared(
    folder: Path, files: Callable[[str], dict[str, Any]], target: str
) -> FusionInput:
    declared = copy.deepcopy(case.write_case(folder))
    declared["target"] = {"spectral": target}
    for name, instrument in declared["instruments"].items():
        del instrument["rmf"], instrument["arf"]
        instrument.update(files(name))
        for key, value in instrument.items():
            if isinstance(value, str) and key != "role":
                instrument[key] = str(folder / value)
        if "background" in instrument:
            instrument["background"]["spectrum"] = str(folder / "bkg.pi")
    return prepare_input(parse_preparation(declared))


SPLITS = {
    "rmf and arf": lambda n: {"rmf": f"{n}.rmf", "arf": f"{n}.arf"},
    "rsp": lambda n: {"rmf": f"{n}.rsp"},
    "rsp with an area of 1": lambda n: {"rmf": f"{n}.rsp", "effective_area_cm2": 1.0},
    "efficiency in the rmf": lambda n: {"rmf": f"{n}_part.rmf", "arf": f"{n}_part.arf"},
}  # fmt: skip


def assert_same(first: xr.Dataset, second: xr.Dataset, rtol: float) -> None:
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        a, b = first[name].values, second[name].values
        assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(a)), err_msg=name)


@pytest.mark.parametrize("target", ["spectrometer", "intrinsic"])
def test_where_area_and_efficiency_stand_changes_nothing(
    folder: Path, target: str
) -> None:
    first, *others = (prepared(folder, files, target) for files in SPLITS.values())
    for other in others:
        for name in ("mos1", "resolve"):
            assert_same(first.observations[name], other.observations[name], 1e-6)


def test_the_area_is_the_arf_times_the_row_sum_at_each_energy(folder: Path) -> None:
    for target in ("spectrometer", "intrinsic"):
        ready = prepared(
            folder, lambda n: {"rmf": f"{n}_part.rmf", "arf": f"{n}.arf"}, target
        )
        resolve = ready.observations["resolve"]
        edges = resolve["energy_edges"].values
        level = 100 + (0.5 * (edges[1:] + edges[:-1])) ** 2
        inside = np.abs(edges[1:] - 6.5) > 0.02  # not the bins of the step
        assert_allclose(
            resolve["effective_area"].values[inside],
            (level * efficiency(edges))[inside],
            rtol=1e-3,
        )


def test_an_area_given_twice_or_not_at_all_is_told(folder: Path) -> None:
    with pytest.raises(HifredError, match="must not have an arf: its response holds"):
        prepared(folder, lambda n: {"rmf": f"{n}.rsp", "arf": f"{n}.arf"}, "intrinsic")
    with pytest.raises(HifredError, match=r"must have arf or .*; got neither"):
        prepared(folder, lambda n: {"rmf": f"{n}.rmf"}, "intrinsic")


def test_an_arf_that_misses_the_band_is_told(folder: Path) -> None:
    write_arf(folder / "short.arf", Arf(np.array([5.0, 5.5, 6.0]), np.ones(2)))
    with pytest.raises(HifredError, match=r"inside the response, .* to 6 keV"):
        prepared(folder, lambda n: {"rmf": f"{n}.rmf", "arf": "short.arf"}, "intrinsic")
    write_arf(folder / "short.arf", Arf(np.array([1.0, 2.0, 3.0]), np.ones(2)))
    with pytest.raises(HifredError, match=r"ARF must reach the band 6.* 1 to 3 keV"):
        prepared(folder, lambda n: {"rmf": f"{n}.rmf", "arf": "short.arf"}, "intrinsic")


def test_an_arf_of_another_instrument_is_pointed_out(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edges = np.linspace(5.4, 7.7, 24)
    for keywords, told in (({"TELESCOP": "TOY", "INSTRUME": "EPN"}, True), ({}, False)):
        write_arf(folder / "other.arf", Arf(edges, np.ones(23), keywords))
        caplog.clear()
        prepared(folder, lambda n: {"rmf": f"{n}.rmf", "arf": "other.arf"}, "intrinsic")
        assert ("INSTRUME of its rmf is TOY, and of its arf EPN" in caplog.text) == told


def test_an_arf_of_finer_steps_keeps_its_edges(folder: Path) -> None:
    """The imager's matrix has steps of 10 eV, the area one of 1 eV with a jump."""
    edges = np.linspace(5.4, 7.7, 2301)
    area = np.where(edges[:-1] < 6.5 - 1e-6, 100.0, 50.0)
    write_arf(folder / "fine.arf", Arf(edges, area))
    ready = prepared(
        folder, lambda n: {"rmf": f"{n}.rmf", "arf": "fine.arf"}, "intrinsic"
    )
    mos1 = ready.observations["mos1"]
    energy = mos1["energy"].values
    found = mos1["effective_area"].values
    assert_allclose(found[energy < 6.495], 100, rtol=1e-6)
    assert_allclose(found[energy > 6.505], 50, rtol=1e-6)


def test_a_redistribution_holds_probabilities(folder: Path) -> None:
    ready = prepared(folder, SPLITS["rsp"], "intrinsic")
    for observation in ready.observations.values():
        sums = redistribution_of(observation).sum(axis=0)
        assert sums.max() <= 1 + 1e-9
        assert sums[sums.size // 2] == pytest.approx(1, abs=1e-3)
