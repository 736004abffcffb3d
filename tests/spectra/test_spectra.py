"""Spectra of regions: sums, errors, files that others read, what is said of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy import units
from astropy.io import fits
from astropy.table import QTable
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations.formats.file_names import file_names, keyword_text
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.posterior import Draws, SelfCheck
from hifred.regions import SkyRegion, fused_field, parse_regions, read_regions
from hifred.spectra import (
    flux_correlation,
    independent_bins,
    region_flux,
    region_table,
    write_spectra,
)
from tests.store.test_fits_export import EDGES, SPREAD, fusion_input
from tests.store.test_fits_export import result as fused_result

TEXT = """image
circle(2.7,3.1,1.9) # text={the core}
polygon(4,1,6,1,6,5) # text={the_core}
-box(2,2,0.7,0.3,10)
"""
N_DRAWS, RANK = 30, 2


def fused(target: str = "matched") -> xr.Dataset:
    """Return a result of two spectra, of which `draws_of` are draws."""
    result = fused_result(target).assign_attrs(pixel_size_arcsec=4.0)
    return result.assign(flux=draws_of(result).fit)


def regions_of(result: xr.Dataset) -> list[SkyRegion]:
    return parse_regions(TEXT, fused_field(result, fusion_input()))


def draws_of(result: xr.Dataset, seed: int = 6) -> Draws:
    """Return draws of a cube of two spectra, of the shape of `result`."""
    rng = np.random.default_rng(seed)
    n_energies, *shape = result["flux"].shape
    images = rng.uniform(1, 2, (RANK, *shape))
    drawn = images[..., None] * rng.normal(1, 0.1, (RANK, *shape, N_DRAWS))
    basis = np.abs(rng.normal(size=(RANK, n_energies)))
    basis[:, 0] = 0  # an energy in which all draws agree
    return Draws(
        xr.Dataset(
            {
                "spectral_basis": (("component", "energy"), basis),
                "coefficients": (("component", "y", "x"), images),
                "drawn_coefficients": (("component", "y", "x", "draw"), drawn),
                "reference_exposure": result["reference_exposure"],
            },
            result.drop_vars(["flux", "reference_exposure"]).coords,
        )
    )


def summed_by_hand(cube: np.ndarray, region: SkyRegion) -> list[float]:
    pixels = list(np.ndenumerate(region.weights.values))
    return [sum(w * float(plane[at]) for at, w in pixels) for plane in cube]


def test_the_flux_of_a_region_is_the_sum_in_its_shares_of_pixels() -> None:
    result = fused()
    found = region_flux(result, regions_of(result))
    for region in regions_of(result):
        expected = summed_by_hand(result["flux"].values, region)
        assert_allclose(found["flux"].sel(region=region.name), expected, rtol=1e-10)


def test_errors_are_the_scatter_of_the_draws() -> None:
    result = fused()
    draws = draws_of(result)
    found = region_flux(result, regions_of(result), draws)
    for region in regions_of(result):
        each = [summed_by_hand(cube.values, region) for cube in draws.cubes()]
        own = found.sel(region=region.name)
        assert_allclose(own["drawn_flux"], each, rtol=1e-10)
        assert_allclose(own["standard_error"], np.std(each, axis=0, ddof=1), rtol=1e-8)


def test_the_table_adds_up() -> None:
    result = fused()
    regions = regions_of(result)
    spectra = region_flux(result, regions, draws_of(result))
    table = region_table(result, regions, spectra)
    flux = spectra["flux"].values
    energy = result["energy"].values
    assert_allclose(table["flux"], flux.sum(axis=1))
    assert_allclose(table["counts"], flux @ result["reference_exposure"].values)
    assert_allclose(table["energy_flux"], flux @ energy * 1.602176634e-9, rtol=1e-9)
    assert_allclose(table["mean_energy"], flux @ energy / flux.sum(axis=1))
    assert_allclose(table["area_arcsec2"], 16 * table["pixels"])
    total = spectra["drawn_flux"].sum("energy")
    assert_allclose(table["flux_error"], total.std("draw", ddof=1))
    assert (table["independent_bins"] <= RANK + 1e-9).all()
    correlation = flux_correlation(spectra)
    expected = np.corrcoef(total.values[:, 0], total.values[:, 1])[0, 1]
    assert_allclose(correlation.loc["the core", "the_core"], expected)


def test_independent_bins_count_what_varies_alone() -> None:
    rng = np.random.default_rng(3)
    alone = rng.normal(size=(4000, 5)) * [1, 2, 3, 4, 5]
    assert_allclose(independent_bins(alone), 5, rtol=0.02)
    together = rng.normal(size=(50, 1)) * np.arange(1, 6)
    assert_allclose(independent_bins(together), 1, rtol=1e-12)
    assert independent_bins(np.ones((7, 3))) == 0


def test_files_fold_back_to_the_flux(tmp_path: Path) -> None:
    result = fused()
    regions = regions_of(result)
    draws = draws_of(result)
    written = write_spectra(
        tmp_path,
        result,
        regions,
        fusion_input=fusion_input(),
        is_corrected=False,
        draws=draws,
    )
    assert all(path.exists() for path in written.files)
    spectra = region_flux(result, regions, draws)
    for stem, region in zip(("the_core", "the_core_2"), regions, strict=True):
        spectrum = read_pha(tmp_path / f"{stem}.pha")
        arf = read_arf(tmp_path / spectrum.files["ANCRFILE"])
        exposure = arf.effective_area * spectrum.exposure_time
        own = spectra.sel(region=region.name)
        assert_allclose(spectrum.counts / exposure, own["flux"], rtol=1e-10)
        error = own["standard_error"].values
        assert spectrum.error is not None
        assert_allclose(spectrum.error[1:], (error * exposure)[1:], rtol=1e-10)
        # The first energy does not vary: no error of 0 that outweighs all others.
        assert spectrum.quality is not None
        assert_array_equal(np.flatnonzero(spectrum.quality), [0])
        assert spectrum.error[0] == 1
        header = fits.getheader(tmp_path / f"{stem}.pha", "SPECTRUM")
        assert header["REGION"] == region.name
        assert (header["ERRFROM"], header["N_DRAWS"]) == ("draws", N_DRAWS)
        matrix = read_rmf(tmp_path / spectrum.files["RESPFILE"]).matrix.toarray()
        assert_allclose(matrix[9:12, 10], SPREAD)
    table = pd.read_csv(tmp_path / "regions.csv", index_col="region")
    assert_allclose(table["flux"], written.table["flux"])


def test_a_fits_file_has_the_table_and_how_spectra_vary_together(
    tmp_path: Path,
) -> None:
    result = fused()
    regions = regions_of(result)
    written = write_spectra(tmp_path, result, regions, draws=draws_of(result))
    table = QTable.read(tmp_path / "regions.fits", hdu="REGIONS")
    assert list(table["region"]) == ["the core", "the_core"]
    assert table["area_arcsec2"].unit == units.arcsec**2
    error = table["flux_error"].to_value("photon cm-2 s-1")
    assert_allclose(error, written.table["flux_error"])
    with fits.open(tmp_path / "regions.fits") as hdus:
        hdus.verify("exception")
        draws = hdus["DRAWS"].data.astype(float)
        assert_allclose(draws.std(axis=0, ddof=1), hdus["UNCERT"].data, rtol=1e-4)
        # Errors of sums over energies and regions, as the draws of the cube give them.
        both = sum(region.weights for region in regions)
        expected = draws_of(result).standard_error(lambda cube: (cube * both).sum())
        covariance = np.cov(draws.reshape(N_DRAWS, -1).T)
        assert_allclose(np.sqrt(covariance.sum()), expected, rtol=1e-4)
        correlation = pd.read_csv(tmp_path / "correlation.csv", index_col="region")
        assert_allclose(hdus["CORRELATION"].data, correlation)
        assert_allclose(hdus["ENERGIES"].data["E_MIN"], EDGES[:-1])


def test_without_draws_the_fits_file_has_no_errors(tmp_path: Path) -> None:
    result = fused()
    write_spectra(tmp_path, result, regions_of(result))
    with fits.open(tmp_path / "regions.fits") as hdus:
        assert [hdu.name for hdu in hdus[1:]] == ["REGIONS", "FLUX", "ENERGIES"]
    header = fits.getheader(tmp_path / "the_core.pha", "SPECTRUM")
    assert header["ERRFROM"] == "guess"


def test_regions_come_back_from_beside_their_spectra(tmp_path: Path) -> None:
    result = fused()
    write_spectra(tmp_path, result, regions_of(result))
    field = fused_field(result, fusion_input())
    again = read_regions(tmp_path / "regions.reg", field)
    for one, other in zip(regions_of(result), again, strict=True):
        assert_allclose(one.weights, other.weights, atol=1e-9)


def test_each_draw_is_a_spectrum_with_the_responses_of_its_region(
    tmp_path: Path,
) -> None:
    result = fused()
    draws = draws_of(result)
    write_spectra(
        tmp_path, result, regions_of(result)[:1], draws=draws, has_each_draw=True
    )
    paths = sorted((tmp_path / "draws").glob("*.pha"))
    assert len(paths) == N_DRAWS
    spectrum = read_pha(paths[4])
    arf = read_arf(paths[4].parent / spectrum.files["ANCRFILE"])
    flux = spectrum.counts / (arf.effective_area * spectrum.exposure_time)
    found = region_flux(result, regions_of(result)[:1], draws)
    assert_allclose(flux, found["drawn_flux"][4, 0], rtol=1e-10)
    with pytest.raises(HifredError, match="must have draws; got none"):
        write_spectra(tmp_path, result, regions_of(result), has_each_draw=True)


@pytest.mark.slow
def test_gammapy_reads_them_as_they_are(tmp_path: Path) -> None:
    from gammapy.datasets import SpectrumDatasetOnOff

    result = fused()
    write_spectra(tmp_path, result, regions_of(result), fusion_input=fusion_input(),
                  is_corrected=False,
                  draws=draws_of(result))  # fmt: skip
    theirs = SpectrumDatasetOnOff.read(tmp_path / "the_core.pha", name="core")
    ours = read_pha(tmp_path / "the_core.pha")
    assert_allclose(theirs.counts.data.ravel(), ours.counts)
    edges = theirs.exposure.geom.axes["energy_true"].edges.to_value("keV")
    assert_allclose(edges, EDGES)


def test_the_note_says_what_is_true(tmp_path: Path) -> None:
    result = fused()
    regions = regions_of(result)
    write_spectra(tmp_path, result, regions)
    note = (tmp_path / "README.txt").read_text()
    assert "STAT_ERR is a guess" in note
    assert "the input was not given" in note
    write_spectra(tmp_path, result, regions, fusion_input=fusion_input(),
                  is_corrected=False,
                  draws=draws_of(result))  # fmt: skip
    note = (tmp_path / "README.txt").read_text()
    assert "independent numbers (regions.csv" in note
    assert "line spread, which the cube has" in note
    assert "was not checked" in note
    check = SelfCheck({"bands": {68: 0.41, 95: 0.7}}, 3, ("These errors are wrong.",))
    draws = draws_of(result).checked(check)
    write_spectra(tmp_path, result, regions, draws=draws)
    note = (tmp_path / "README.txt").read_text()
    assert "68 % intervals cover 41 % of bands" in note
    assert "These errors are wrong." in note
    assert fits.getval(tmp_path / "the_core.pha", "COVERAGE", 1) == check.sentence
    write_spectra(
        tmp_path,
        fused("intrinsic"),
        regions,
        fusion_input=fusion_input(),
        is_corrected=False,
    )
    note = (tmp_path / "README.txt").read_text()
    assert "no line spread left" in note
    assert "no blur left" in note


def test_regions_and_draws_of_another_cube_are_told() -> None:
    result = fused()
    regions = regions_of(result)
    with pytest.raises(HifredError, match="names of their own; got"):
        region_flux(result, [])
    with pytest.raises(HifredError, match="names of their own; got"):
        region_flux(result, [regions[0], regions[0]])
    with pytest.raises(HifredError, match="must lie on the cube's pixels"):
        region_flux(result.isel(y=slice(1, None)), regions)
    with pytest.raises(HifredError, match="draws must be of the cube itself, "):
        region_flux(result, regions, draws_of(result.isel(energy=slice(1, None))))
    with pytest.raises(HifredError, match=r"differs from it by .* of the flux"):
        region_flux(result, regions, draws_of(result, seed=7))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = fused()
    with pytest.raises(HifredError, match="output must be writable"):
        write_spectra(tmp_path / "file", result, regions_of(result))


def test_names_become_files_that_stay_in_the_folder() -> None:
    names = ["a b", "a_b", "A_B", "../../etc", "", "…", ".hidden"]
    stems = file_names(names)
    assert list(stems.values()) == [
        "a_b", "a_b_2", "A_B_3", "_.._etc", "region", "_", "hidden"
    ]  # fmt: skip
    assert keyword_text("Kes 75 é\n") == "Kes 75 ??"
