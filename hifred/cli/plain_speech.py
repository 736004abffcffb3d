"""Text for people, in which nothing moves the terminal; imports next to nothing."""

import unicodedata

import click


def say(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print text for a person; nothing in it moves the terminal."""
    click.echo(harmless(text), err=err, nl=nl)


def harmless(text: str) -> str:
    r"""Return `text` with every control character but new lines and tabs spelt out.

    Failure messages and names come from elsewhere: an escape sequence could rename the
    window, hide lines or type; a direction mark could turn them round.
    """
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf")
        else c.encode("unicode_escape").decode()
        for c in text
    )  # fmt: skip
