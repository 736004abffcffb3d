"""Cluster configurations: each mistake has one sentence."""

from pathlib import Path
from typing import Any

import pytest

from hifred.errors import SettingsError
from hifred.sweep.executors.config import (
    DriverConfig,
    LocalConfig,
    SlurmConfig,
    parse_cluster_config,
    read_cluster_config,
)

CONFIGS = Path(__file__).parents[3] / "cluster_configs"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "interface must be given"),
        ({"interface": "lo", "wall": "1"}, "did you mean 'walltime'"),
        ({"interface": "lo", "driver": {"walltme": "1"}}, r"key in \[driver\] of mine"),
        ({"interface": "lo", "jobs": 0}, "jobs must be a whole number >= 1; got 0"),
        ({"interface": "lo", "walltime": 60}, "must be a time such as"),
        ({"interface": "lo", "walltime": "00:04:00"}, "margin must be shorter"),
        ({"interface": "lo", "account_required": True}, "account must be set"),
        ({"interface": "lo", "partition": "a b"}, "partition must be one word"),
        ({"executor": "pbs"}, "choose from local, slurm"),
    ],
)
def test_a_wrong_key_or_value_is_told_in_one_sentence(
    content: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence) as told:
        parse_cluster_config(content, source="mine.toml")
    assert "\n" not in str(told.value)
    assert "mine.toml" in str(told.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="readable file"):
        read_cluster_config(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("jobs = = 3")
    with pytest.raises(SettingsError, match=r"must be TOML.*line 1"):
        read_cluster_config(broken)


@pytest.mark.parametrize("name", ["local", "slurm", "test_slurm"])
def test_shipped_configurations_are_valid(name: str) -> None:
    config = read_cluster_config(CONFIGS / f"{name}.toml")
    assert isinstance(config, LocalConfig if name == "local" else SlurmConfig)


def test_the_worked_example_asks_for_an_account() -> None:
    with pytest.raises(SettingsError, match="account must be set"):
        read_cluster_config(CONFIGS / "jean_zay.toml")


@pytest.mark.parametrize(
    ("name", "model"), [("slurm", SlurmConfig), ("local", LocalConfig)]
)
def test_every_key_is_in_the_documented_file(name: str, model: Any) -> None:
    text = (CONFIGS / f"{name}.toml").read_text(encoding="utf-8")
    keys = [*model.__dataclass_fields__]
    keys += DriverConfig.__dataclass_fields__ if name == "slurm" else []
    missing = [key for key in keys if f"{key} =" not in text and f"[{key}]" not in text]
    assert not missing


def test_the_documented_defaults_are_the_real_ones() -> None:
    shown = read_cluster_config(CONFIGS / "slurm.toml")
    default = SlurmConfig(interface="ib0", partition="normal")
    different = {
        name
        for name in SlurmConfig.__dataclass_fields__
        if getattr(shown, name) != getattr(default, name)
    }
    assert different <= {"jobs", "walltime"}


@pytest.mark.parametrize("name", ["slurm", "local"])
def test_memory_under_its_old_name_is_read_with_a_note(name: str) -> None:
    content: dict[str, Any] = {"executor": name, "memory_gib": 1.5}
    if name == "slurm":
        content |= {"interface": "lo", "driver": {"memory_gib": 1}}
    with pytest.warns(FutureWarning, match="memory_gib is an old name"):
        found = parse_cluster_config(content, source="old.toml")
    assert found.memory == 1.5 * 2**30
    if isinstance(found, SlurmConfig):
        assert found.driver.memory == 2**30


def test_memory_without_a_unit_is_refused() -> None:
    with pytest.raises(SettingsError, match="memory must be a size such as '4GiB'"):
        parse_cluster_config({"interface": "lo", "memory": 4}, source="mine.toml")
