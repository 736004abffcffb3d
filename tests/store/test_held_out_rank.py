import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from hifred.store.held_out_rank import held_out_rank


def trials(error, deviance, model="a") -> pd.DataFrame:
    return pd.DataFrame(
        {"model": model, "held_out_error": error, "held_out_deviance": deviance}
    )


def test_a_trial_that_both_scores_like_beats_the_favourites_of_one():
    frame = trials([0.1, 0.9, 0.2, 1.0], [90.0, 10.0, 20.0, 100.0])
    assert held_out_rank(frame).idxmin() == 2


def test_units_and_offsets_of_the_scores_do_not_matter():
    rng = np.random.default_rng(0)
    error, deviance = rng.random((2, 9))
    frame, other = trials(error, deviance), trials(5 + 3 * error, 1e4 * deviance - 7)
    assert_allclose(held_out_rank(frame), held_out_rank(other), rtol=1e-9)


def test_models_are_ranked_among_themselves():
    frame = trials([0.1, 0.5, 0.7], [1.0, 2.0, 4.0])
    far = trials([8.0, 9.0, 9.5], [100.0, 101.0, 103.0], model="b")
    together = held_out_rank(pd.concat([frame, far], ignore_index=True))
    assert_allclose(together[:3], held_out_rank(frame))
    assert_allclose(together[3:], held_out_rank(far))


def test_equal_trials_rank_alike():
    assert_allclose(held_out_rank(trials([0.2, 0.2], [3.0, 3.0])), 0.0)
