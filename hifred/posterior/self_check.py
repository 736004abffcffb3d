"""How often the intervals of draws hold what they were drawn from, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import pydantic

# Shares in per cent that the intervals are asked for.
LEVELS = (68, 95)
UNCHECKED = "How often these intervals hold the truth was not checked."


@final
@dataclass(frozen=True)
class SelfCheck:
    """What refits of simulated draws say about intervals.

    Attributes
    ----------
    coverage : mapping of str to mapping of int to float
        For "bands", "regions" and "voxels", the share (0 to 1) of the intervals of 68
        and of 95 per cent that hold the sky which the counts were simulated from.
        Empty where nothing was refitted.
    n_refits : int
        How many draws were simulated and fitted.
    warnings : tuple of str
        One sentence for whatever makes the errors wrong; empty where nothing does.
    """

    coverage: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    n_refits: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the coverage in one sentence.

        Such as "68 % intervals cover 66 % of bands and 70 % of voxels, 95 % intervals
        94 % and 95 %, of 3 refitted draws."
        """
        if not self.coverage:
            return UNCHECKED
        names = list(self.coverage)
        first, *others = (self._shares(level) for level in LEVELS)
        covered = [f"{s} of {name}" for s, name in zip(first, names, strict=True)]
        parts = [f"{LEVELS[0]} % intervals cover {_listed(covered)}"]
        parts += [
            f"{level} % intervals {_listed(shares)}"
            for level, shares in zip(LEVELS[1:], others, strict=True)
        ]
        draws = "draw" if self.n_refits == 1 else "draws"
        return f"{', '.join(parts)}, of {self.n_refits} refitted {draws}."

    def to_json(self) -> str:
        """Return the text that `read_check` reads."""
        return _TEXT.dump_json(self).decode()

    def _shares(self, level: int) -> list[str]:
        return [f"{100 * shares[level]:.0f} %" for shares in self.coverage.values()]


_TEXT = pydantic.TypeAdapter(SelfCheck)


def read_check(text: str) -> SelfCheck:
    """Return the check that `SelfCheck.to_json` wrote."""
    return _TEXT.validate_json(text)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
