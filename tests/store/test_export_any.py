from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

from hifred.cli import hifred
from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage, read_sky_image
from hifred.store import save_fusion_input
from hifred.store.export_any import export_any
from hifred.store.fusion_result import save_result
from hifred.store.posterior_draws import save_draws
from tests.laws import assert_same_sky
from tests.store.test_fits_export import EDGES, GRID, fusion_input, result, sampled


def saved(folder: Path) -> tuple[Path, Path]:
    fused = result().assign(term=("iteration", np.array(["data"])))
    return (
        save_result(folder / "fused.zarr", fused),
        save_fusion_input(folder / "input.zarr", fusion_input()),
    )


def test_one_fusion_is_exported(tmp_path: Path) -> None:
    fused, source = saved(tmp_path)
    command = ["export", str(fused), "--to", "fits", "--input", str(source)]
    found = CliRunner().invoke(hifred, [*command, "-o", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    cube = read_sky_image(tmp_path / "out" / "cube.fits")
    assert_array_equal(cube.values, result()["flux"].values)
    assert_same_sky(cube.grid.sky_of(1, 2), GRID.sky_of(1, 2), 1e-9)
    assert str(tmp_path / "out" / "field.pha") in found.output


def test_draws_beside_a_fusion_give_its_errors(tmp_path: Path) -> None:
    fused, draws = sampled()
    fused = fused.assign(term=("iteration", np.array(["data"])))
    path = save_result(tmp_path / "fused.zarr", fused)
    save_draws(tmp_path / "fused-draws.zarr", draws)
    found = read_sky_image(export_any(path, "fits")[0], "UNCERT")
    assert_allclose(found.values, draws.standard_error(), rtol=1e-4)
    # Others by name; a fusion that has since been made anew is not given theirs.
    (tmp_path / "fused-draws.zarr").rename(tmp_path / "mine.zarr")
    again = export_any(path, "fits", tmp_path / "out", draws=tmp_path / "mine.zarr")
    assert_array_equal(read_sky_image(again[0], "UNCERT").values, found.values)
    save_draws(tmp_path / "other-draws.zarr", draws)
    other = save_result(tmp_path / "other.zarr", result().assign(term=fused["term"]))
    with pytest.raises(HifredError, match=r"other-draws.zarr: draws must be of"):
        export_any(other, "fits")


def test_draws_are_of_one_fusion(tmp_path: Path) -> None:
    source = saved(tmp_path)[1]
    with pytest.raises(SettingsError, match="draws must be of one fusion"):
        export_any(source, "fits", draws=tmp_path / "draws.zarr")


def test_an_input_is_exported_and_returns(tmp_path: Path) -> None:
    source = saved(tmp_path)[1]
    written = export_any(source, "fits")
    ours = fusion_input().observations
    assert [p.name for p in written if p.stem in ours and p.suffix == ".fits"] == [
        f"{name}.fits" for name in ours
    ]
    for name, observation in ours.items():
        cube = read_sky_image(tmp_path / "input-fits" / f"{name}.fits")
        assert_array_equal(cube.values, observation["counts"].values)


def test_tables_are_made_of_sweeps(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="must be exported as fits; got 'csv'"):
        export_any(saved(tmp_path)[0], "csv")


@pytest.mark.slow
def test_edges_in_single_precision_keep_their_energy_axis(tmp_path: Path) -> None:
    from spectral_cube import SpectralCube

    # As a response at 0.5 eV stores them: the steps differ by 5e-4 of a bin.
    edges = np.arange(6.0, 6.2, 5e-4).astype(np.float32).astype(float)
    steps = np.diff(edges)
    assert np.ptp(steps) > 5e-4 * steps.mean()
    values = np.ones((len(edges) - 1, 5, 6), np.float32)
    write_sky_image(tmp_path / "c.fits", SkyImage(values, GRID, "count", edges))
    found = SpectralCube.read(tmp_path / "c.fits").spectral_axis.to_value("keV")
    np.testing.assert_allclose(found, 0.5 * (edges[1:] + edges[:-1]), atol=1e-6)
    assert fits.getheader(tmp_path / "c.fits")["CTYPE3"] == "ENER"


def test_uneven_edges_have_no_linear_axis(tmp_path: Path) -> None:
    edges = EDGES + 0.05 * np.diff(EDGES)[0] * (np.arange(len(EDGES)) % 2)
    values = np.ones((len(edges) - 1, 5, 6), np.float32)
    write_sky_image(tmp_path / "c.fits", SkyImage(values, GRID, "count", edges))
    assert fits.getheader(tmp_path / "c.fits")["CTYPE3"] == "PLANE"
