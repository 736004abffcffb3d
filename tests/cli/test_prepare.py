from pathlib import Path

from click.testing import CliRunner

from hifred.cli.prepare import prepare
from hifred.observations.preparation.starting_file import preparation_template
from hifred.store import open_fusion_input
from tests.observations import instrument_case as case


def test_the_example_of_the_help_runs(tmp_path: Path, monkeypatch) -> None:
    declared = case.write_case(tmp_path)
    (tmp_path / "remnant.toml").write_text(case.as_toml(declared))
    monkeypatch.chdir(tmp_path)
    help_text = CliRunner().invoke(prepare, ["--help"]).output
    example = help_text.strip().splitlines()[-1].split()[2:]
    result = CliRunner().invoke(prepare, example, catch_exceptions=False)
    assert result.exit_code == 0
    assert "mos1 (imager):" in result.output
    assert "true energies: 225 bins of 4 eV" in result.output
    # What check_responses says of a field hardly larger than the array.
    assert "mos1 and resolve share too few pixels" in result.output
    fusion_input = open_fusion_input(tmp_path / "remnant.zarr")
    assert list(fusion_input.observations) == ["mos1", "resolve"]
    assert "sky_wcs" in fusion_input.attrs


def _disagreeing(folder: Path) -> Path:
    """Write a pair whose imager claims a tenth of its exposure, and its TOML."""
    declared = case.write_bright_case(folder)
    declared["instruments"]["mos1"]["exposure_time_s"] = 5e3
    (folder / "wrong.toml").write_text(case.as_toml(declared))
    return folder / "wrong.toml"


def test_the_template_is_printed_without_a_configuration() -> None:
    result = CliRunner().invoke(prepare, ["--template"])
    assert result.exit_code == 0
    assert result.output == preparation_template()
    assert CliRunner().invoke(prepare, []).exit_code == 2


def test_responses_that_disagree_end_with_1_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    result = CliRunner().invoke(prepare, [str(_disagreeing(tmp_path))])
    assert result.exit_code == 1
    assert "likeliest cause: exposure or area scale" in result.output
    assert "nothing was written" in result.output
    assert not (tmp_path / "wrong.zarr").exists()


def test_what_was_accepted_is_recorded(tmp_path: Path) -> None:
    config = _disagreeing(tmp_path)
    result = CliRunner().invoke(prepare, [str(config), "--accept"])
    assert result.exit_code == 0, result.output
    attrs = open_fusion_input(tmp_path / "wrong.zarr").attrs
    assert "likeliest cause: exposure or area" in attrs["accepted_disagreement"]


def test_right_responses_are_written_without_a_word(tmp_path: Path) -> None:
    declared = case.write_bright_case(tmp_path)
    (tmp_path / "right.toml").write_text(case.as_toml(declared))
    result = CliRunner().invoke(prepare, [str(tmp_path / "right.toml")])
    assert result.exit_code == 0, result.output
    assert "the responses agree" in result.output
    attrs = open_fusion_input(tmp_path / "right.zarr").attrs
    assert "accepted_disagreement" not in attrs
