"""Cubes of refits in the store of a bootstrap."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from hifred import measure_lines
from hifred.errors import HifredError
from hifred.store.refit_cubes import SCHEMA, append_refits, read_refits
from hifred.store.whole_zarr import save_zarr

SHAPE = (24, 2, 3)
EDGES = np.linspace(6.0, 6.6, SHAPE[0] + 1)


def a_result() -> xr.Dataset:
    energy = 0.5 * (EDGES[1:] + EDGES[:-1])
    line = 1 + 20 * np.exp(-0.5 * ((energy - 6.3) / 0.05) ** 2)
    flux = np.broadcast_to(line[:, None, None], SHAPE)
    return xr.Dataset(
        {"flux": (("energy", "y", "x"), flux)},
        {"energy": energy, "energy_edges": ("energy_edge", EDGES)},
    )


def refitted(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    fit = a_result()["flux"].values
    return [rng.normal(fit, 0.1 * np.sqrt(fit)).astype(np.float32) for _ in range(n)]


def stored(path: Path, n: int) -> Path:
    save_zarr(a_result().assign_attrs(schema=SCHEMA), path)
    append_refits(path, iter(refitted(n)))
    return path


def test_refits_are_read_as_they_were_kept(tmp_path: Path) -> None:
    found = read_refits(stored(tmp_path / "errors", 3), a_result())
    assert found.count == 3
    for cube, kept in zip(found.cubes(), refitted(3), strict=True):
        assert_array_equal(cube.to_numpy(), kept)
    spread = found.standard_error().transpose("energy", "y", "x")
    wanted = np.std(np.stack(refitted(3)), axis=0, ddof=1)
    np.testing.assert_allclose(spread, wanted, rtol=1e-4)


def test_lines_are_measured_on_every_refit(tmp_path: Path) -> None:
    result = a_result()
    refits = read_refits(stored(tmp_path / "errors", 4), result)
    settings = {"reach_km_s": 8000.0, "lines": {"mine": {"energy_kev": 6.3}}}
    maps = measure_lines(result, settings, draws=refits)
    one_by_one = [
        measure_lines(xr.Dataset({"flux": (("energy", "y", "x"), cube)},
                                 result.coords), settings)["moment_flux"].values
        for cube in refitted(4)
    ]  # fmt: skip
    np.testing.assert_allclose(
        maps["moment_flux_error"], np.std(one_by_one, axis=0, ddof=1), rtol=1e-4
    )


def test_a_bootstrap_without_its_refits_is_told(tmp_path: Path) -> None:
    path = stored(tmp_path / "errors", 0)
    with pytest.raises(HifredError, match="must hold the refits of its bootstrap"):
        read_refits(path, a_result())


def test_refits_of_another_fusion_are_told(tmp_path: Path) -> None:
    path = stored(tmp_path / "errors", 2)
    other = a_result().assign(flux=1.1 * a_result()["flux"])
    with pytest.raises(HifredError, match="errors: draws must be of the cube itself"):
        read_refits(path, other)
