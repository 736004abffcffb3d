"""What the report says and shows of errors, with draws and without."""

from hifred.errors import HifredError
from hifred.posterior import SelfCheck
from hifred.report.chapters import best_pictures
from hifred.report.errors import KnownErrors
from hifred.report.facts import best_trials
from hifred.store import save_draws
from hifred.store.posterior_draws import trial_draws_path
from tests.made_up import make_collected
from tests.posterior.made_up_draws import draws_around, made_up_draws
from tests.shelves import fill

TITLE = "Standard errors"
CHECK = SelfCheck({"bands": {68: 0.66, 95: 0.94}}, 3, ("They are too small.",))


def test_draws_of_the_best_trial_are_told_and_shown(tmp_path):
    table = make_collected().isel(trial=slice(0, 9))
    shelf = fill(tmp_path, table)
    model = shelf.table.models[0]
    trial = best_trials(shelf.table, model, n=1)[0]
    place = trial_draws_path(tmp_path, trial)

    assert KnownErrors.take(lambda: shelf.draws(trial)).sentences == []
    assert TITLE not in {p.title for p in best_pictures(shelf, model)}

    save_draws(place, draws_around(shelf.trial(trial)).checked(CHECK))
    known = KnownErrors.take(lambda: shelf.draws(trial))
    assert "5 draws. 68 % intervals cover 66 % of bands" in known.sentences[0]
    assert known.sentences[1:] == ["They are too small."]
    pictures = {p.title: p for p in best_pictures(shelf, model, known.draws)}
    assert pictures[TITLE].address.startswith("data:image/png")

    save_draws(place, made_up_draws())
    other = KnownErrors.take(lambda: shelf.draws(trial))
    assert other.draws is None
    assert other.sentences[0].startswith("No errors are shown. ")
    assert "draws must be of the cube itself" in other.sentences[0]


def test_a_refusal_becomes_its_reason():
    def refuse():
        raise HifredError("no")

    assert KnownErrors.take(refuse).sentences == ["No errors are shown. no"]
