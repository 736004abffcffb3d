"""What a comparison of two observations found, as rows of figures."""

from collections.abc import Iterable
from dataclasses import dataclass

from hifred.observations.response_check.likely_causes import Explanation

# A difference is told as wrong only if it is this many times its expected scatter ...
SIGNIFICANT = 5.0


@dataclass(frozen=True)
class CheckRow:
    """One figure that two observations must agree on.

    Parameters
    ----------
    imager, spectrometer : str
        The instruments compared.
    name : str
        What was measured.
    value, expected, scatter : float
        What was found, what the responses promise, and the standard deviation that
        counting noise gives it.
    tolerance : float
        ... and if it is larger than this, which matters in a fusion.
    units : str
    advice : str
        What to look at when it is wrong.
    """

    imager: str
    spectrometer: str
    name: str
    value: float
    expected: float
    scatter: float
    tolerance: float
    units: str
    advice: str

    @property
    def significance(self) -> float:
        """Difference from the expected value, in standard deviations."""
        difference = abs(self.value - self.expected)
        return difference / self.scatter if self.scatter > 0 else float(difference > 0)

    @property
    def is_ok(self) -> bool:
        """Whether the difference is noise, or too small to matter."""
        difference = abs(self.value - self.expected)
        return difference <= max(self.tolerance, SIGNIFICANT * self.scatter)

    def __str__(self) -> str:
        units = "" if self.units == "1" else f" {self.units}"
        found = f"{self.value:.4g} ± {self.scatter:.2g}{units}"
        return f"{self.name}: {found}, expected {self.expected:.4g}{units}"


@dataclass(frozen=True)
class ResponseReport:
    """All figures of all pairs of observations.

    Parameters
    ----------
    rows : tuple of CheckRow
    notes : tuple of str
        What could not be compared, and why.
    causes : tuple of Explanation
        What would explain the figures that are wrong, the likeliest first.
    """

    rows: tuple[CheckRow, ...]
    notes: tuple[str, ...] = ()
    causes: tuple[Explanation, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether no figure is wrong."""
        return all(row.is_ok for row in self.rows)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of instruments that were compared."""
        return tuple(dict.fromkeys((r.imager, r.spectrometer) for r in self.rows))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence per wrong figure, with what to look at."""
        return tuple(
            f"{row.imager} and {row.spectrometer} disagree in {row}. {row.advice}"
            for row in self.rows
            if not row.is_ok
        )

    @property
    def cause_sentences(self) -> tuple[str, ...]:
        """One sentence per cause, the likeliest of each pair first."""
        first = {(c.imager, c.spectrometer): c for c in reversed(self.causes)}.values()
        return tuple(_told(cause, is_first=cause in first) for cause in self.causes)

    @property
    def verdict(self) -> str:
        """One sentence; it claims agreement only for what was compared."""
        if not self.rows:
            return "nothing to compare"
        if not self.is_ok:
            return "the responses disagree"
        if not self.notes:
            return "the responses agree"
        compared = ", ".join(" with ".join(pair) for pair in self.pairs)
        return f"what was compared agrees ({compared}); not all was, see above"

    def __str__(self) -> str:
        lines: list[str] = []
        for pair in self.pairs:
            rows = [r for r in self.rows if (r.imager, r.spectrometer) == pair]
            lines += [f"{pair[0]} against {pair[1]}", *_table(rows)]
        lines += list(self.notes)
        lines += [f"warning: {sentence}" for sentence in self.warnings]
        return "\n".join([*lines, *self.cause_sentences, self.verdict])


def _told(cause: Explanation, *, is_first: bool) -> str:
    """Return a cause in words; the share of a further one is with those before it."""
    which = "likeliest cause" if is_first else "besides"
    whole = "It explains" if is_first else "With it, the causes explain"
    return (
        f"{cause.imager} and {cause.spectrometer}, {which}: {cause} {whole} "
        f"{100 * cause.share:.0f} % of what does not fit."
    )


def _table(rows: Iterable[CheckRow]) -> list[str]:
    head = f"  {'':4} {'':28} {'found':>10} {'scatter':>10} {'expected':>10}  units"
    return [head] + [
        f"  {'ok' if row.is_ok else 'BAD':4} {row.name:28} {row.value:10.4g} "
        f"{row.scatter:10.2g} {row.expected:10.4g}  {row.units}"
        for row in rows
    ]
