"""Which trials a search takes: new ones, of the declared, soon the good ones."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("optuna")

from hifred.errors import HifredError
from hifred.selection.search import SearchSpace

MUS = np.logspace(-6, -3, 13)
RANKS = np.arange(5, 45, 5)


def grid(**plain: object) -> dict[str, dict[str, object]]:
    return {
        f"{plain.get('regularizer', '')} {mu:.1e} {rank}": {
            "mu": float(mu),
            "rank": int(rank),
            **plain,
        }
        for mu in MUS
        for rank in RANKS
    }


def hill(settings: dict[str, object]) -> float:
    """Return what an NMSE looks like over strength and rank, in dB."""
    distance = math.log10(settings["mu"]) + 4.6
    ranks = math.log(settings["rank"] / 20)
    return 21.0 - 1.2 * distance**2 - 0.9 * ranks**2


def found_by(space: SearchSpace, trials: dict, budget: int, n: int = 2) -> dict:
    merits: dict[str, float] = {}
    while len(merits) < budget:
        for trial_id in space.suggest(merits, min(n, budget - len(merits)), seed=3):
            assert trial_id not in merits
            merits[trial_id] = hill(trials[trial_id])
    return merits


def test_a_quarter_of_the_grid_finds_its_best() -> None:
    trials = grid(regularizer="lrs")
    merits = found_by(SearchSpace(trials), trials, len(trials) // 4)
    assert max(merits.values()) > max(map(hill, trials.values())) - 0.1


def test_a_scale_of_scores_with_another_zero_gives_the_same_trials() -> None:
    trials = grid()
    merits = found_by(SearchSpace(trials), trials, 10)
    scaled = {trial_id: 30.0 - 0.01 * merit for trial_id, merit in merits.items()}
    flipped = {trial_id: -merit for trial_id, merit in merits.items()}
    space = SearchSpace(trials)
    assert space.suggest(scaled, 3, seed=3) == space.suggest(flipped, 3, seed=3)


def toy_scores() -> list[Any]:
    """Return NMSE over mu and rank of lrs on toy models, from whole grids of fits."""
    return json.loads((Path(__file__).parent / "toy_scores.json").read_text())


@pytest.mark.parametrize("toy", toy_scores(), ids=lambda toy: toy["name"])
def test_a_quarter_finds_the_best_fit_of_a_toy_model(toy: dict[str, Any]) -> None:
    scores = {
        (mu, rank): score
        for mu, row in zip(toy["mu"], toy["nmse_db"], strict=True)
        for rank, score in zip(toy["rank"], row, strict=True)
    }
    trials = {str(key): {"mu": key[0], "rank": key[1]} for key in scores}
    known = dict(zip(trials, scores.values(), strict=True))
    space, merits = SearchSpace(trials), {}
    while len(merits) < len(trials) // 4:
        merits |= {i: known[i] for i in space.suggest(merits, 1, seed=0)}
    assert max(merits.values()) > max(scores.values()) - 0.1


def test_the_same_scores_give_the_same_trials() -> None:
    trials = grid()
    merits = found_by(SearchSpace(trials), trials, 8)
    one = SearchSpace(trials).suggest(merits, 4, seed=3)
    assert one == SearchSpace(trials).suggest(dict(merits), 4, seed=3)
    assert len(set(one)) == 4


def test_failed_trials_are_not_taken_again() -> None:
    trials = grid()
    failed = dict.fromkeys(list(trials)[:50], math.nan)
    assert not set(SearchSpace(trials).suggest(failed, 20, seed=0)) & set(failed)


def test_all_are_taken_in_the_end_whatever_was_excluded() -> None:
    trials = {key: s for i, (key, s) in enumerate(grid().items()) if i % 7 == 0}
    merits = found_by(SearchSpace(trials), trials, len(trials), n=5)
    assert set(merits) == set(trials)
    assert SearchSpace(trials).suggest(merits, 3, seed=0) == []


def test_kinds_have_dimensions_of_their_own() -> None:
    trials = grid(regularizer="lrs") | {"free": {"regularizer": "none"}}
    space = SearchSpace(trials)
    assert space.places["free"].steps == {}
    assert len({place.kind for place in space.places.values()}) == 2
    assert len(space.suggest({}, len(trials), seed=1)) == len(trials)


def test_words_and_seeds_have_no_order() -> None:
    trials = {
        "a": {"mu": "auto", "seed": 1},
        "b": {"mu": 0.1, "seed": 1},
        "c": {"mu": 0.1, "seed": 2},
    }
    places = SearchSpace(trials).places
    assert len({place.kind for place in places.values()}) == 3


def test_each_kind_is_searched_beside_the_others() -> None:
    """The best of a kind tells little of where another has its best."""
    kinds = {name: grid(regularizer=name) for name in ("lrs", "guided", "none")}
    trials = kinds["lrs"] | kinds["guided"] | kinds["none"]
    centre = {"lrs": (-5.5, 10), "guided": (-3.5, 30), "none": (-3, 5)}

    def score(settings: dict[str, Any]) -> float:
        mu, rank = centre[settings["regularizer"]]
        distance = math.log10(settings["mu"]) - mu
        best = 23.0 if settings["regularizer"] == "guided" else 21.0
        return best - 1.2 * distance**2 - ((settings["rank"] - rank) / 20) ** 2

    space, merits = SearchSpace(trials), {}
    while len(merits) < 40:
        chosen = space.suggest(merits, 4, seed=0)
        merits |= {i: score(trials[i]) for i in chosen}
    assert max(merits.values()) > max(map(score, trials.values())) - 0.1


def test_nothing_to_search_is_told() -> None:
    with pytest.raises(HifredError, match="at least one declared trial"):
        SearchSpace({})
