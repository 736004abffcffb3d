"""Blocks of the pages are closed: one that is not swallows the rest of its page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
WITHOUT_CONTENT = ("settings", "regularizers", "literalinclude")


def blocks(text: str) -> list[tuple[str, str]]:
    """Return name and content of each fenced block; one left open has no end."""
    found = re.findall(r"^```(.*)\n((?:(?!```).*\n)*)(```\n?)?", text, re.MULTILINE)
    return [(name, content if end else "OPEN") for name, content, end in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_block_is_closed_before_the_next(page: Path) -> None:
    for name, content in blocks(page.read_text(encoding="utf-8")):
        assert content != "OPEN", name
        directive = re.match(r"\{(\w+)\}", name)
        if directive and directive[1] in WITHOUT_CONTENT:
            assert all(line.startswith(":") for line in content.splitlines()), name


def test_a_block_left_open_would_be_found() -> None:
    assert blocks("```{settings} a\n```\n\n```sh\nls\n```\n")[1] == ("sh", "ls\n")
    assert blocks("```{settings} a\n\n## Next\n") == [("{settings} a", "OPEN")]
    swallowed = blocks("```{settings} a\n\n## Next\n\n```{settings} b\n```\n")
    assert swallowed[0][1] != "\n"
