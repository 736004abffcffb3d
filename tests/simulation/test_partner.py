from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import SettingsError
from hifred.observations import build_responses, build_sky_grid
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage, read_sky_image
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.ogip_writers import write_rmf
from hifred.observations.preparation.fusion_input import prepare_input
from hifred.observations.preparation.instrument_files import read_instrument
from hifred.observations.preparation.settings import (
    PreparationSettings,
    read_preparation,
)
from hifred.simulation.partner import simulate_partner, smoothed_sky
from tests.observations import instrument_case as case


def settings(folder: Path, **changes: object) -> PreparationSettings:
    """The toy imager with a blob in it, and a Resolve array to simulate."""
    declared = case.write_case(folder)
    y, x = np.indices(case.SKY.shape)
    blob = 40 * np.exp(-0.5 * ((y - 9) ** 2 + (x - 12) ** 2) / 3**2)
    edges = read_sky_image(folder / "mos1.fits").edges
    rng = np.random.default_rng(8)
    counts = rng.poisson(np.broadcast_to(blob, (len(edges) - 1, *blob.shape)))
    image = SkyImage(
        counts.astype(np.int32), case.SKY, "count", edges, {"EXPOSURE": 5e4}
    )
    write_sky_image(folder / "mos1.fits", image)
    resolve = declared["instruments"]["resolve"]
    resolve |= {
        "counts": "partner.fits",
        "exposure_time_s": 5e4,
        "grid": {"ra_deg": case.CENTRE[0], "dec_deg": case.CENTRE[1], "roll_deg": 17.0},
    } | changes
    del declared["instruments"]["mos1"]["exposure_map"]
    del declared["instruments"]["mos1"]["background"]
    # The smoothed counts are taken for the sky, so the imager's blur is none of it.
    del declared["instruments"]["mos1"]["psf"]
    (folder / "case.toml").write_text(case.as_toml(declared))
    return read_preparation(folder / "case.toml")


def test_the_partner_sees_the_same_sky(tmp_path: Path) -> None:
    declared = settings(tmp_path)
    simulate_partner(declared, "mos1", "resolve", np.random.default_rng(1))
    ready = prepare_input(declared)
    counts = ready.observations["resolve"]["counts"].values
    assert counts.shape == (225, 6, 6)
    sky = build_sky_grid(ready.observations)
    files = read_instrument("mos1", declared.instruments["mos1"], (6.0, 7.1))
    flux = smoothed_sky(files, sky.energy_edges, 1.0)
    flux = np.pad(flux, ((0, 0), (2, 2), (2, 2)))  # the margin
    scaled = flux * sky.reference_exposure[:, None, None]
    expected = build_responses(ready.observations, sky)["resolve"].apply(scaled)
    band = slice(25, 200)
    found, mean = counts[band].sum(axis=0), expected[band].sum(axis=0)
    assert np.all(np.abs(found - mean) < 5 * np.sqrt(mean) + 0.02 * mean)


def test_the_smoothed_sky_keeps_the_flux(tmp_path: Path) -> None:
    declared = settings(tmp_path)
    files = read_instrument("mos1", declared.instruments["mos1"], (6.2, 6.9))
    edges = np.arange(6.3, 6.8, 0.002)
    flux = smoothed_sky(files, edges, 1.0)
    middle = 0.5 * (edges[1:] + edges[:-1])
    expected = flux.sum(axis=(1, 2)) * 5e4 * (100 + middle**2)
    found = files.counts.sum(axis=(1, 2)).mean() / 0.02 * 0.002
    assert_allclose(expected.mean(), found, rtol=0.03)


def test_the_same_seed_draws_the_same_counts(tmp_path: Path) -> None:
    declared = settings(tmp_path)
    draws = []
    for seed in (1, 1, 2):
        simulate_partner(declared, "mos1", "resolve", np.random.default_rng(seed))
        draws.append(read_sky_image(tmp_path / "partner.fits").values)
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_the_area_of_an_rsp_counts_once(tmp_path: Path) -> None:
    declared = settings(tmp_path)
    simulate_partner(declared, "mos1", "resolve", np.random.default_rng(1))
    expected = read_sky_image(tmp_path / "partner.fits").values
    rmf, arf = read_rmf(tmp_path / "resolve.rmf"), read_arf(tmp_path / "resolve.arf")
    write_rmf(tmp_path / "resolve.rsp", rmf.times(arf))
    declared = settings(tmp_path, rmf="resolve.rsp", arf=None)
    simulate_partner(declared, "mos1", "resolve", np.random.default_rng(1))
    found = read_sky_image(tmp_path / "partner.fits").values
    assert found.sum() == pytest.approx(expected.sum(), rel=0.01)
    declared = settings(tmp_path, rmf="resolve.rsp")
    with pytest.raises(SettingsError, match=r"resolve must have an arf .* got one"):
        simulate_partner(declared, "mos1", "resolve", np.random.default_rng(1))


def test_a_partner_without_exposure_is_told(tmp_path: Path) -> None:
    declared = settings(tmp_path, exposure_time_s=None)
    with pytest.raises(SettingsError, match=r"instruments.resolve must have counts"):
        simulate_partner(declared, "mos1", "resolve", np.random.default_rng(1))
