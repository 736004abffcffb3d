"""What measures are called, and what is said of them."""

from hifred.measures import measure_meanings, measure_name
from hifred.measures.names import in_order


def test_every_measure_is_explained_once_whatever_its_name_begins_with() -> None:
    shown = [
        "nmse_db", "asam", "asam_bright", "ergas", "ergas_paper", "deviance",
        "deviance_sigma", "deviance_sigma_imager", "data_nmse_db_imager",
        "data_nmse_db_spectrometer",
    ]  # fmt: skip
    told = measure_meanings(shown)
    assert list(told) == [
        "NMSE", "aSAM", "aSAM, bright pixels", "ERGAS", "ERGAS of the paper", "misfit",
        "NMSE of the counts", "deviance",
    ]  # fmt: skip
    assert all(told.values())
    assert measure_name("deviance_sigma_imager") == "misfit, imager"


def test_what_nobody_knows_is_not_explained() -> None:
    assert measure_meanings(["chi_square"]) == {}


def test_measures_have_an_order_that_no_store_changes() -> None:
    names = ["deviance_imager", "chosen_mu", "asam", "deviance", "nmse_db"]
    expected = ["nmse_db", "asam", "deviance", "deviance_imager", "chosen_mu"]
    assert in_order(names) == in_order(reversed(names)) == expected
