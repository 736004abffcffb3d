"""An input that was exported and prepared again sees the same sky."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose, assert_array_equal

from hifred.observations import FusionInput
from hifred.observations.prediction import CountsModel
from hifred.observations.preparation import prepare_input, read_preparation
from hifred.simulation import simulate, simulation_settings
from hifred.store.input_export import export_input

PREPARATION = """\
[energy]
band_kev = {band}

[sky]
like = "imager"

[target]
spatial = "intrinsic"
spectral = "intrinsic"
"""
INSTRUMENT = """
[instruments.{name}]
role = "{name}"
counts = "{name}.fits"
rmf = "{name}.rmf"
arf = "{name}.arf"
psf = {{ image = "{name}_psf.fits" }}
"""


@pytest.fixture(scope="module")
def simulated() -> FusionInput:
    size = {"shape": (9, 6), "n_energies": 40, "counts": 1e5}
    return simulate(simulation_settings("gaussian_1kev_rebinned", size))


def again(fusion_input: FusionInput, folder: Path) -> FusionInput:
    export_input(fusion_input, folder)
    edges = fusion_input.observations["imager"]["channel_edges"].values
    band = [float(edges[0]) - 0.01, float(edges[-1]) + 0.01]
    text = PREPARATION.format(band=band) + "".join(
        INSTRUMENT.format(name=name) for name in fusion_input.observations
    )
    (folder / "prepare.toml").write_text(text)
    return prepare_input(read_preparation(folder / "prepare.toml"))


def test_a_prepared_export_counts_the_same_photons(
    simulated: FusionInput, tmp_path: Path
) -> None:
    found = again(simulated, tmp_path)
    sky = np.random.default_rng(1).uniform(1e-6, 1e-5, (40, 9, 6))
    options = {"target_resolution": "intrinsic"}
    ours = CountsModel(simulated.observations, options).expected_counts(sky)
    theirs = CountsModel(found.observations, options).expected_counts(sky)
    for name, observation in simulated.observations.items():
        back = found.observations[name]
        assert_array_equal(back["counts"], observation["counts"])
        assert_allclose(back["channel_edges"], observation["channel_edges"])
        assert_allclose(theirs[name], ours[name], rtol=1e-5)


def test_a_background_goes_along(simulated: FusionInput, tmp_path: Path) -> None:
    imager = simulated.observations["imager"]
    expected = imager["counts"].astype(float) * 0.0 + 2.5
    known = {**simulated.observations, "imager": imager.assign(background=expected)}
    written = export_input(FusionInput(known, attrs={}), tmp_path)
    assert tmp_path / "imager_background.fits" in written
    assert_array_equal(fits.getdata(tmp_path / "imager_background.fits"), expected)
    assert not (tmp_path / "spectrometer_background.fits").exists()


def test_a_psf_of_each_energy_is_a_file(simulated: FusionInput, tmp_path: Path) -> None:
    imager = simulated.observations["imager"]
    nodes = imager["psf"].expand_dims(psf_energy=[0.6, 1.1])
    known = {**simulated.observations, "imager": imager.assign(psf=nodes)}
    export_input(FusionInput(known, attrs={}), tmp_path)
    for number, energy in enumerate([0.6, 1.1], start=1):
        image, header = fits.getdata(
            tmp_path / f"imager_psf_{number}.fits", header=True
        )
        assert header["PSFENERG"] == energy
        assert_array_equal(image, imager["psf"])
