"""What comes from elsewhere is shown, and moves nothing."""

import click
import pytest
from click.testing import CliRunner

from hifred.cli.output import print_rows
from hifred.cli.plain_speech import harmless, say

HOSTILE = "no \x1b]0;owned\x07 \x9b31m \u202e txt"


@pytest.mark.parametrize("text", [HOSTILE, "\x1b[2J", "a\rb", "\x00"])
def test_control_characters_are_spelt_out(text: str) -> None:
    told = harmless(text)
    assert told.isprintable()
    assert "\\x" in told or "\\r" in told


def test_words_of_any_language_stay() -> None:
    text = "Spektrum für 3 µm\n\t数"
    assert harmless(text) == text


def test_messages_and_tables_are_harmless() -> None:
    @click.command()
    def show() -> None:
        say(HOSTILE)
        print_rows([{"id": "a", "message": HOSTILE}])

    told = CliRunner().invoke(show).output
    assert "\x1b" not in told
    assert "owned" in told
