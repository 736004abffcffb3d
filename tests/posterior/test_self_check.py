"""What a self-check says, and that draws carry it."""

from hifred.posterior import SelfCheck
from hifred.store.posterior_draws import read_draws, save_draws
from tests.posterior.made_up_draws import made_up_draws

CHECK = SelfCheck(
    {
        "bands": {68: 0.664, 95: 0.94},
        "regions": {68: 0.61, 95: 0.92},
        "voxels": {68: 0.7, 95: 0.957},
    },
    n_refits=3,
    warnings=("the prior is too strong.",),
)


def test_the_sentence_names_every_share():
    assert CHECK.sentence == (
        "68 % intervals cover 66 % of bands, 61 % of regions and 70 % of voxels, "
        "95 % intervals 94 %, 92 % and 96 %, of 3 refitted draws."
    )


def test_one_kind_and_one_draw_are_said_so():
    check = SelfCheck({"bands": {68: 0.5, 95: 0.8}}, n_refits=1)
    assert check.sentence == (
        "68 % intervals cover 50 % of bands, 95 % intervals 80 %, of 1 refitted draw."
    )


def test_draws_without_a_check_say_so():
    check = made_up_draws().check
    assert "was not checked" in check.sentence
    assert (check.coverage, check.warnings) == ({}, ())


def test_draws_keep_their_check_in_a_file(tmp_path):
    draws = made_up_draws().checked(CHECK)
    assert draws.check == CHECK
    assert read_draws(save_draws(tmp_path / "draws.zarr", draws)).check == CHECK
