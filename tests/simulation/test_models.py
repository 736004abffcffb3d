import pytest

from hifred.errors import SettingsError
from hifred.simulation import (
    MODELS,
    settings_from_mapping,
    settings_mapping,
    simulation_settings,
)


def test_every_model_of_table_1_is_known():
    assert {
        "gaussian_1kev",
        "gaussian_6kev",
        "gaussian_1kev_rebinned",
        "realistic_1kev_rebinned",
    } <= set(MODELS)


def test_counts_keep_the_ratio_of_the_model():
    settings = simulation_settings("realistic_1kev_rebinned", {"counts": 4.5e6})
    assert settings.imager.counts == pytest.approx(4.5e6)
    assert settings.spectrometer.counts == pytest.approx(3.0e6)


def test_counts_of_one_instrument_win():
    changes = {"counts": 1e6, "spectrometer": {"counts": 7.0}}
    assert simulation_settings("gaussian_1kev", changes).spectrometer.counts == 7.0


def test_dotted_names_are_nested_ones():
    dotted = simulation_settings("gaussian_1kev", {"imager.psf_width_arcsec": 6})
    nested = simulation_settings("gaussian_1kev", {"imager": {"psf_width_arcsec": 6}})
    assert dotted == nested
    assert dotted.imager.psf_width_arcsec == 6
    assert dotted.spectrometer.psf_width_arcsec == 30


def test_overrides_leave_the_models_alone():
    simulation_settings("gaussian_1kev", {"imager.counts": 5.0, "remnant.seed": 9})
    assert simulation_settings("gaussian_1kev").imager.counts == 2.4e7


def test_settings_go_through_plain_mappings():
    settings = simulation_settings("gaussian_6kev", {"shape": (24, 21), "seed": 3})
    assert settings_from_mapping("any", settings_mapping(settings)) == settings


def test_a_sweep_names_its_model_as_it_likes():
    settings = settings_from_mapping("low", {"model": "gaussian_1kev", "counts": 1e6})
    assert settings.model == "gaussian_1kev"
    assert settings_from_mapping("gaussian_6kev", {}).band_kev[0] > 6
    assert settings_from_mapping("mine", {}).model == "gaussian_1kev_rebinned"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sead": 3}, "unknown simulation setting 'sead'; did you mean 'seed'"),
        ({"imager.psf_with_arcsec": 3}, "did you mean 'psf_width_arcsec'"),
        ({"remnant": {"clumpin": 3}}, "did you mean 'clumping'"),
        ({"imager": 3}, "imager must be a table of settings; got 3"),
        ({"imager.counts": -1}, "imager.counts must be a number > 0; got -1"),
        ({"counts": 0}, "counts must be a positive number; got 0"),
        ({"counts": True}, "counts must be a positive number; got True"),
        ({"n_energies": 1}, "n_energies must be a whole number >= 2; got 1"),
        ({"n_energies": 10**30}, "at most 10,000,000,000 voxels; got 45 x 45 x 10"),
        ({"imager": 3, "imager.counts": 5}, "imager must be a table of settings"),
    ],
)
def test_bad_settings_are_refused_with_the_nearest_name(changes, sentence):
    with pytest.raises(SettingsError, match=sentence):
        simulation_settings("gaussian_1kev", changes)


@pytest.mark.parametrize("model", [3, True, [], {}, None, float("nan")])
def test_a_model_that_is_no_name_is_refused(model):
    with pytest.raises(SettingsError, match="unknown model"):
        settings_from_mapping("a", {"model": model})


def test_an_unknown_model_is_refused():
    with pytest.raises(SettingsError, match="did you mean 'gaussian_1kev'"):
        simulation_settings("gausian_1kev")
