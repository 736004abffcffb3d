import pytest

from hifred.errors import SettingsError
from hifred.products import LINES, LineSettings, measure_lines, read_lines
from hifred.products.lines_template import lines_template
from hifred.settings.fields import fields_of
from tests.products.made_up_lines import line_cube


def test_the_template_is_read_as_it_is(tmp_path) -> None:
    (tmp_path / "lines.toml").write_text(lines_template())
    settings = read_lines(tmp_path / "lines.toml")
    assert list(settings.lines) == ["iron"]
    assert settings.redshift == 0.0


def test_the_template_names_every_line_and_every_key() -> None:
    text = lines_template()
    for name in [*LINES, *fields_of(LineSettings)]:
        assert name in text


def test_a_file_that_is_not_there_is_told_how_to_make_one(tmp_path) -> None:
    with pytest.raises(SettingsError, match="hifred lines --template"):
        read_lines(tmp_path / "none.toml")


def test_a_wrong_key_is_told_with_its_file(tmp_path) -> None:
    path = tmp_path / "lines.toml"
    path.write_text('[lines.iron]\nlines = "Fe XXV w"\n')
    with pytest.raises(SettingsError, match=r"\[lines.iron\] of .*did you mean 'line'"):
        read_lines(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[lines.""]\nenergy_kev = 1.0', "must have names of letters"),
        ('[lines."a\\nb"]\nenergy_kev = 1.0', "must have names of letters"),
        ('[moments." "]\nband_kev = [1.0, 2.0]', "must have names of letters"),
        ("target_snr = 3\n[lines.a]\nenergy_kev = 1.0", "groups no pixels"),
        ('[lines.a]\nline = "fe xxv W"', "did you mean 'Fe XXV w'"),
    ],
)
def test_what_would_be_passed_over_or_misread_is_told(tmp_path, text, told) -> None:
    path = tmp_path / "lines.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told):
        measure_lines(line_cube((1, 2))[0], read_lines(path))


def test_a_file_of_another_editor_is_read(tmp_path) -> None:
    path = tmp_path / "lines.toml"
    path.write_bytes("\ufeff[lines.a]\r\nenergy_kev = 1.0\r\n".encode())
    assert list(read_lines(path).lines) == ["a"]
