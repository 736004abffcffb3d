"""The page of one fusion and of one input: whole, valid, self-contained."""

from pathlib import Path

import html5lib
import pytest
import xarray as xr
from click.testing import CliRunner

from hifred.cli.pages import explore, report
from hifred.errors import HifredError, SettingsError
from hifred.fusion import FusionSettings, fuse
from hifred.measures import measure_fusion
from hifred.report import write_report
from hifred.simulation import simulate_model
from hifred.store import open_fusion_input, save_draws, save_fusion_input
from hifred.store.fusion_input import observations_digest
from hifred.store.fusion_result import save_result
from tests.posterior.made_up_draws import draws_around

TOY = {"shape": (9, 6), "n_energies": 24, "counts": 4e4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("single")
    toy = simulate_model("gaussian_1kev_rebinned", **TOY)
    save_fusion_input(folder / "toy.zarr", toy)
    other = simulate_model("gaussian_1kev_rebinned", **(TOY | {"n_energies": 20}))
    save_fusion_input(folder / "other.zarr", other)
    settings = {"regularizer": "low_rank", "rank": 2, "max_iterations": 5}
    result = fuse(toy.observations, FusionSettings.read(settings))
    measured = result.merge(measure_fusion(result, toy), combine_attrs="drop_conflicts")
    save_result(folder / "fused.zarr", measured)
    return folder


def checked(path: Path) -> str:
    """Return a page that is HTML to the letter and needs nothing else."""
    page = path.read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "http" not in page.replace("http-equiv", "")
    assert "Not drawn" not in page
    return page


def test_the_page_of_an_input_tells_what_was_prepared(folder: Path) -> None:
    page = checked(write_report(folder / "toy.zarr"))
    assert "imager (imager): " in page
    assert "agree" in page
    assert page.count("<img ") == 2
    assert (folder / "toy.html").is_file()


def test_the_page_of_a_fusion_compares_it_with_its_input(folder: Path) -> None:
    result = CliRunner().invoke(
        report,
        [str(folder / "fused.zarr"), "--input", str(folder / "toy.zarr"),
         "-o", str(folder / "both.html")],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    page = checked(folder / "both.html")
    assert page.count("<img ") == 3
    assert "<td>low_rank</td>" in page
    alone = checked(write_report(folder / "fused.zarr"))
    assert alone.count("<img ") == 3


def test_errors_are_shown_where_there_are_draws(folder: Path, tmp_path: Path) -> None:
    result = xr.open_zarr(folder / "fused.zarr", consolidated=False).load()
    draws = save_draws(tmp_path / "mine.zarr", draws_around(result))
    arguments = ["-o", str(tmp_path / "page.html"), "--draws", str(draws)]
    CliRunner().invoke(report, [str(folder / "fused.zarr"), *arguments])
    page = checked(tmp_path / "page.html")
    assert "Standard errors" in page
    assert "taken from 5 draws. How often" in page
    assert page.count("<img ") == 4
    with pytest.raises(SettingsError, match="draws must be of one fusion"):
        write_report(folder / "toy.zarr", draws=draws)


def test_an_input_of_something_else_is_told(folder: Path) -> None:
    with pytest.raises(HifredError, match="has 20 energies and the fusion 24"):
        write_report(folder / "fused.zarr", fusion_input=folder / "other.zarr")


def test_an_input_with_other_counts_is_told(folder: Path, tmp_path: Path) -> None:
    toy = open_fusion_input(folder / "toy.zarr")
    digest = observations_digest(toy.observations)
    result = xr.open_zarr(folder / "fused.zarr", consolidated=False).load()
    named = result.assign_attrs(input="toy.zarr", observations_digest=digest)
    path = save_result(tmp_path / "fused.zarr", named)
    again = simulate_model("gaussian_1kev_rebinned", **TOY, seed=5)
    other = save_fusion_input(tmp_path / "again.zarr", again)
    with pytest.raises(HifredError, match="its counts or responses are others"):
        write_report(path, fusion_input=other)
    save_fusion_input(tmp_path / "toy.zarr", toy)  # beside it: found without a word
    assert checked(write_report(path)).count("<img ") == 3


def test_the_explorer_takes_an_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    monkeypatch.setattr(
        "hifred.explore.serve_explorer", lambda path, **_: taken.append(path)
    )
    result = CliRunner().invoke(explore, [str(folder / "toy.zarr")])
    assert result.exit_code == 0
    assert taken == [folder / "toy.zarr"]
