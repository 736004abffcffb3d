"""Lines by what people type: "Fe XXV", "Fe He-alpha", "o viii lyα"."""

import re

from hifred.products.line_list import LINES

GREEK = {"α": "alpha", "β": "beta", "γ": "gamma"}
# At least an element and something that tells its lines apart.
FEWEST_WORDS = 2


def find_line(text: str) -> str | None:
    """Return the first known line whose name has all words that were typed, in order.

    A complex comes before its lines: "Fe XXV" is its He-alpha. None where no line, or
    no more than an element, is named.
    """
    wanted = _words(text)
    if len(wanted) < FEWEST_WORDS:
        return None
    return next((name for name in LINES if _has_in_order(name, wanted)), None)


def _has_in_order(name: str, wanted: list[str]) -> bool:
    left = iter(_words(name))
    return all(word in left for word in wanted)


def _words(text: str) -> list[str]:
    for letter, word in GREEK.items():
        text = text.replace(letter, f" {word}")
    # An ion may be written without a gap: FeXXV.
    text = re.sub(r"^\s*([A-Z][a-z]?)(?=[IVX]+\b)", r"\1 ", text)
    return text.lower().replace("-", " ").split()
