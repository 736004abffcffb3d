from hifred.observations import FusionInput
from tests.made_up import make_observations, make_truth


def test_a_fusion_input_lists_its_instruments() -> None:
    truth = make_truth()
    fusion_input = FusionInput(make_observations(truth), truth)
    page = fusion_input._repr_html_()
    assert "8 x 12 x 9" in page
    assert "24 x 4 x 3" in page
    assert "truth known" in page
    assert "0.500 to 1.400" in page


def test_real_data_say_that_there_is_no_truth() -> None:
    fusion_input = FusionInput(make_observations(make_truth()))
    assert "real data, no truth" in fusion_input._repr_html_()
