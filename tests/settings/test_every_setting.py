"""Every setting of every class: described, with a right example, told in our words."""

from typing import Any

import pytest

from hifred.errors import HifredError
from hifred.fusion.settings import REGULARIZERS, known_settings
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.preparation import instrument_settings
from hifred.observations.preparation import settings as preparation
from hifred.observations.preparation.psf import PsfSettings
from hifred.selection.held_out import Split
from hifred.settings import Place, read_settings
from hifred.settings.fields import branches_of, fields_of, full_type, parts_of
from hifred.settings.requirement import field_example
from hifred.simulation.instruments import InstrumentSettings
from hifred.simulation.models import SimulationSettings
from hifred.simulation.remnant import RemnantSettings
from hifred.sweep.driver.bootstrap_run import BootstrapPlan
from hifred.sweep.driver.sample_run import SamplePlan
from hifred.sweep.executors.config import DriverConfig, LocalConfig, SlurmConfig
from hifred.sweep.plan.declaration import ModelSource, SweepFile, SweepHead
from hifred.sweep.plan.grid import GridKeys
from hifred.sweep.plan.options import Retries, RunOptions
from tests.settings.made_up_settings import Everything

CLASSES = [
    RunOptions, Retries, LocalConfig, DriverConfig, SlurmConfig, SweepFile, SweepHead,
    ModelSource, GridKeys, BootstrapPlan, SamplePlan, Split, SimulationSettings,
    InstrumentSettings,
    RemnantSettings, ColumnFilter, PsfSettings, instrument_settings.GridSettings,
    preparation.SkySettings, preparation.EnergySettings, preparation.TargetSettings,
    instrument_settings.BackgroundSettings, instrument_settings.InstrumentSettings,
    preparation.PreparationSettings, known_settings(), Everything,
]  # fmt: skip
FIELDS = [(kind, name) for kind in CLASSES for name in fields_of(kind)]
FILE = Place("a.toml", "t")
WRONG: list[Any] = [
    True, "\N{SPARKLES} 1 2", -1.5, -(10**30), 1e300, float("nan"), [], {}, [True],
    [[]], {"no": {}}, [{"no": 1}], object(), b"x",
]  # fmt: skip
PYDANTIC = ("Input should", "Value error", "Assertion", "function-", "literal[",
            "Unable to", "Extra inputs", "Field required", "Unexpected")  # fmt: skip


def names_of(case: tuple[type, str]) -> str:
    return f"{case[0].__module__}.{case[0].__name__}.{case[1]}"


def a_right_table(kind: Any, left_out: str) -> dict[str, Any]:
    """Return what must be given besides one key."""
    needed = {n: f for n, f in fields_of(kind).items() if f.is_required()}
    return {n: field_example(f) for n, f in needed.items() if n != left_out}


def message(kind: Any, name: str, wrong: Any) -> str:
    """Return how a value is refused; nothing if it is not."""
    try:
        read_settings(kind, a_right_table(kind, name) | {name: wrong}, FILE)
    except HifredError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("case", FIELDS, ids=map(names_of, FIELDS))
def test_a_wrong_value_is_told_in_our_words(case: tuple[type, str]) -> None:
    kind, name = case
    told = [text for wrong in WRONG if (text := message(kind, name, wrong))]
    assert len(told) >= 6
    assert not [t for t in told if "\n" in t or any(p in t for p in PYDANTIC)]


@pytest.mark.parametrize("case", FIELDS, ids=map(names_of, FIELDS))
def test_only_switches_take_true_and_only_texts_take_texts(
    case: tuple[type, str],
) -> None:
    kind, name = case
    kinds = [parts_of(b)[0] for b in branches_of(full_type(fields_of(kind)[name]))]
    for wrong, right_kind in ((True, bool), ("1", str)):
        if right_kind in kinds:
            continue
        with pytest.raises(HifredError):
            read_settings(kind, a_right_table(kind, name) | {name: wrong})


@pytest.mark.parametrize("case", FIELDS, ids=map(names_of, FIELDS))
def test_every_setting_is_described_and_its_example_is_right(
    case: tuple[type, str],
) -> None:
    kind, name = case
    field = fields_of(kind)[name]
    assert field.description or kind is Everything
    example = field_example(field)
    if kind not in (ModelSource, SweepFile) and example is not None:
        read_settings(kind, a_right_table(kind, name) | {name: example})


def test_every_regularizer_is_among_the_known() -> None:
    names = {name for kind in REGULARIZERS.values() for name in fields_of(kind)}
    assert names == set(fields_of(known_settings()))
