"""Settings: what is read, what is refused, and how it is said."""

import pickle
from pathlib import Path

import pytest

from hifred.errors import HifredError, SettingsError
from hifred.fusion import (
    REGULARIZERS,
    FusionSettings,
    active_settings,
    known_settings,
    register,
    regularizers,
)
from hifred.fusion.assembly import Assembly
from hifred.settings import Place


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"regularizer": "starlets"}, "regularizer must be 'none', 'low_rank'"),
        ({"regularizer": "lrs", "mu": -1.0}, "mu must be"),
        ({"regularizer": "lrs"}, "mu is needed by 'lrs'"),
        ({"regularizer": "lrs", "mu": float("inf")}, "mu must be finite"),
        ({"regularizer": "lrs", "mu": "varying"}, "belongs to w2d1d"),
        ({"regularizer": "low_rank", "rank": 0}, "rank must be"),
        ({"regularizer": "low_rank", "rank": True}, "whole number >= 1 or 'auto'"),
        ({"regularizer": "low_rank", "mu": -1}, "mu must be a number >= 0"),
        ({"regularizer": "none", "tolerance": "0.1"}, "tolerance must be a number > 0"),
        ({"regularizer": ["lrs"]}, "got \\['lrs'\\]"),
        ({"regularizer": "none", "tolerence": 1.0}, "did you mean 'tolerance'"),
        ({}, "regularizer must be"),
    ],
)
def test_bad_settings_are_named(table: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FusionSettings.read(table)


def test_settings_that_are_not_read_are_dropped() -> None:
    free = active_settings(FusionSettings(regularizer="none", mu=3.0, rank=7))
    assert not {"mu", "rank", "step_size", "space_scales"} & set(free)
    smooth = active_settings(FusionSettings(regularizer="lrs", mu=3.0, rank=7))
    assert (smooth["mu"], smooth["rank"]) == (3.0, 7)
    assert "space_scales" not in smooth


@pytest.mark.parametrize("read", [lambda t: FusionSettings(**t), FusionSettings.read])
def test_python_and_tables_are_told_the_same(read) -> None:
    with pytest.raises(SettingsError, match="unknown setting 'tolerence'; did you"):
        read({"regularizer": "none", "tolerence": 1.0})


def test_settings_without_names_are_refused_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match="must be given by name; got 2 without"):
        FusionSettings("lrs", 0.1)  # type: ignore[call-arg]


def test_a_message_names_the_place() -> None:
    place = Place("sweep.toml", "grid")
    with pytest.raises(SettingsError, match=r"^sweep.toml: grid.mu is needed by 'lrs'"):
        FusionSettings.read({"regularizer": "lrs"}, place)
    with pytest.raises(SettingsError, match="settings must be a table; got 3"):
        FusionSettings.read(3)  # type: ignore[arg-type]


def test_settings_are_values() -> None:
    one = FusionSettings(regularizer="lrs", mu=1, rank=4.0)
    other = FusionSettings.read({"regularizer": "lrs", "mu": 1.0, "rank": 4})
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.changed(mu=2) == FusionSettings(regularizer="lrs", mu=2, rank=4)
    with pytest.raises(ValueError, match="frozen"):
        one.mu = 3.0


def test_another_regularizer_takes_what_it_reads() -> None:
    one = FusionSettings(regularizer="lrs", mu=1, rank=4, tolerance=0.1)
    free = one.changed(regularizer="none")
    assert free == FusionSettings(regularizer="none", tolerance=0.1)


def test_the_step_belongs_to_the_solver_that_takes_steps() -> None:
    given = {"regularizer": "none", "step_size": 0.5}
    assert "step_size" not in active_settings(FusionSettings(**given))
    paper = active_settings(FusionSettings(**given, solver="paper"))
    assert paper["step_size"] == 0.5


@pytest.mark.parametrize("name", list(REGULARIZERS))
def test_a_regularizer_describes_itself_and_its_settings(name: str) -> None:
    kind = REGULARIZERS[name]
    assert kind.label.endswith(".")
    assert kind.formula
    assert kind.__doc__ != FusionSettings.__doc__
    for field in kind.model_fields.values():
        assert (field.description or "").endswith("."), field


def test_every_file_of_a_regularizer_is_imported() -> None:
    folder = Path(regularizers.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    here = [c.__module__ for c in REGULARIZERS.values() if "hifred" in c.__module__]
    assert files == {module.rpartition(".")[2] for module in here}


def test_a_name_is_registered_once() -> None:
    with pytest.raises(HifredError, match="'lrs' must be registered once"):
        register(REGULARIZERS["lrs"])


def test_help_says_who_reads_a_setting() -> None:
    fields = known_settings().model_fields
    assert fields["difference"].description.startswith("lrs: Which differences")
    assert "lrw2d: Strength of the penalty, in units" in fields["mu"].description
    assert fields["space_scales"].default == 2
    assert fields["rank"].default is None  # 10, and "auto" for `guided`
    assert fields["mu"].default is None


def test_a_regularizer_without_a_way_to_be_solved_says_so(monkeypatch) -> None:
    class Unsolved(FusionSettings):
        regularizer: str = "unsolved"

    with pytest.raises(NotImplementedError, match="Unsolved must say how"):
        Unsolved().method(Assembly({}, Unsolved()))
