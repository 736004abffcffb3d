"""The files in cluster_configs/ say what the settings say of themselves."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from hifred.cli.cluster import doctor
from hifred.settings import stated_toml
from hifred.settings.fields import fields_of
from hifred.sweep.executors.config import CONFIG_KINDS
from hifred.sweep.executors.config_template import cluster_template

CONFIGS = sorted((Path(__file__).parents[3] / "cluster_configs").glob("*.toml"))


@pytest.mark.parametrize("executor", CONFIG_KINDS)
def test_a_template_is_committed_as_it_is_printed(executor: str) -> None:
    text = cluster_template(executor)
    (committed,) = [path for path in CONFIGS if path.stem == executor]
    assert committed.read_text(encoding="utf-8") == text
    assert CliRunner().invoke(doctor, ["--template", executor]).output == text
    names = re.findall(r"^(?:# )?(?:\[)?(\w+)(?: = |\]$)", text, re.MULTILINE)
    assert set(names) >= set(fields_of(CONFIG_KINDS[executor]))


SITES = [path for path in CONFIGS if path.stem not in CONFIG_KINDS]


@pytest.mark.parametrize("path", SITES, ids=lambda path: path.stem)
def test_names_and_comments_are_those_of_the_settings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("\n\n")
    values = tomllib.loads(text)
    of_workers = rest.partition("\n[")[0]
    left_out = dict.fromkeys(re.findall(r"^# (\w+) = ", of_workers, re.MULTILINE))
    assert rest == stated_toml(CONFIG_KINDS[values["executor"]], **left_out, **values)
    assert max(map(len, head.splitlines())) <= 90
