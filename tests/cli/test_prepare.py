from pathlib import Path

from click.testing import CliRunner

from hifred.cli.prepare import prepare
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
