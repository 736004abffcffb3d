"""What may be declared, and what each mistake is told as."""

from pathlib import Path

import pytest

from hifred.errors import HifredError, SettingsError
from hifred.sweep.plan.declaration import declare, read_declaration
from hifred.sweep.plan.declaration_text import declaration_text
from hifred.sweep.plan.expansion import expand
from tests.sweep.stub_kernels import StubKernel

TOML = """
[sweep]
name = "first"
seed = 7
[models.a]
input = "a.bin"
[models."b.c"]
simulate = { scene = "shell", counts = 2.3e7 }
[[grid]]
regularizer = "lrs"
mu = { logspace = [0.1, 10, 3] }
rank = [5, 10]
exclude = [{ rank = 5, mu = 0.1 }, "rank >= 10 and mu > 5"]
[[grid]]
regularizer = ["low_rank", "w2d1d"]
zip = { mu = [1, 2], rank = [3, 4] }
models = "a"
[solver]
tolerance = 1e-4
[run]
threads = 2
memory = "4GiB"
retries = { lost = 2 }
"""


def toml_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return path


def in_python(folder: Path):
    return declare(
        "first",
        {"a": "a.bin", "b.c": {"simulate": {"scene": "shell", "counts": 2.3e7}}},
        [
            {
                "regularizer": "lrs",
                "mu": {"logspace": [0.1, 10, 3]},
                "rank": [5, 10],
                "exclude": [{"rank": 5, "mu": 0.1}, "rank >= 10 and mu > 5"],
            },
            {
                "regularizer": ["low_rank", "w2d1d"],
                "zip": {"mu": [1, 2], "rank": [3, 4]},
                "models": "a",
            },
        ],
        solver={"tolerance": 1e-4},
        run={"threads": 2, "memory": "4GiB", "retries": {"lost": 2}},
        seed=7,
        folder=folder,
    )


def test_toml_and_python_expand_alike(tmp_path: Path) -> None:
    from_toml = read_declaration(toml_file(tmp_path, TOML))
    from_python = in_python(tmp_path)
    kernel = StubKernel()
    one, other = expand(from_toml, kernel), expand(from_python, kernel)
    assert [p.key for p in one.points] == [p.key for p in other.points]
    assert (one.n_declared, one.n_excluded) == (other.n_declared, other.n_excluded)
    assert from_toml.run == from_python.run
    assert from_toml.run.memory == 4096 * 2**20
    assert from_toml.run.retries.lost == 2


def test_a_declaration_in_python_reads_back_from_its_text(tmp_path: Path) -> None:
    declaration = in_python(tmp_path)
    again = read_declaration(toml_file(tmp_path, declaration_text(declaration)))
    kernel = StubKernel()
    keys = [p.key for p in expand(declaration, kernel).points]
    assert [p.key for p in expand(again, kernel).points] == keys
    assert again.run == declaration.run
    assert again.models == declaration.models


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[solver]", "[slover]"), "did you mean 'solver'"),
        (("seed = 7", "sead = 7"), "did you mean 'seed'"),
        (("seed = 7", "seed = -7"), "seed must be a whole number"),
        (('input = "a.bin"', 'inptu = "a.bin"'), "did you mean 'input'"),
        (('input = "a.bin"', ""), "either input or simulate"),
        (("threads = 2", "thread = 2"), "did you mean 'threads'"),
        (("threads = 2", "threads = 0"), "threads must be a whole number"),
        (("lost = 2", "lots = 2"), "did you mean 'lost'"),
        (('"4GiB"', '"4 apples"'), "memory must be a size"),
        (('name = "first"', 'name = "../first"'), "name must be letters"),
        (("[sweep]", "[sweep"), "must be TOML"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        read_declaration(toml_file(tmp_path, TOML.replace(*change)))


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="must be a readable file"):
        read_declaration(tmp_path / "sweep.toml")


@pytest.mark.parametrize("grids", [[], "lrs"])
def test_a_sweep_without_grid_is_refused(grids: object) -> None:
    with pytest.raises(SettingsError, match="at least one"):
        declare("a", {"a": "a.bin"}, grids)


def test_a_sweep_without_model_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"at least one \[models"):
        declare("a", {}, {"mu": 1})
