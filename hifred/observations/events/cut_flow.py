"""How many events each filter, interval, edge and band dropped."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class CutFlow:
    """Counts of events, from those recorded to those used.

    Parameters
    ----------
    n_recorded : int
        Events in the files.
    cuts : tuple of (str, int)
        What was asked of an event, and how many were left.
    """

    n_recorded: int
    cuts: tuple[tuple[str, int], ...] = ()

    @property
    def n_kept(self) -> int:
        """Number of events that met everything."""
        return self.cuts[-1][1] if self.cuts else self.n_recorded

    def then(self, name: str, n_kept: int) -> "CutFlow":
        """Return the flow with one more cut."""
        return CutFlow(self.n_recorded, (*self.cuts, (name, int(n_kept))))

    def rows(self) -> list[dict[str, str | int]]:
        """Return one row per cut: what it asked, what it dropped, what was left."""
        rows: list[dict[str, str | int]] = [
            {"cut": "recorded", "dropped": 0, "kept": self.n_recorded}
        ]
        for (name, kept), row in zip(self.cuts, self._before(), strict=True):
            rows.append({"cut": name, "dropped": row - kept, "kept": kept})
        return rows

    def _before(self) -> list[int]:
        return [self.n_recorded, *(kept for _, kept in self.cuts)][: len(self.cuts)]

    def __str__(self) -> str:
        """Return a table, one line per cut."""
        rows = self.rows()
        width = max(len(str(row["cut"])) for row in rows)
        lines = [f"  {'':{width}} {'dropped':>10} {'kept':>10}"]
        lines += [
            f"  {r['cut']:{width}} {r['dropped']:10} {r['kept']:10}" for r in rows
        ]
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the flow as text, for the attributes of an observation."""
        return json.dumps({"n_recorded": self.n_recorded, "cuts": self.cuts})


def cut_flow_from_json(text: str) -> CutFlow:
    """Return the flow that `CutFlow.to_json` wrote."""
    stored = json.loads(text)
    return CutFlow(stored["n_recorded"], tuple((n, k) for n, k in stored["cuts"]))


def summed_flow(flows: Sequence[CutFlow]) -> CutFlow:
    """Return the flow of several files together, cuts of one name added.

    A file that lacks a cut kept all its events there.
    """
    names = list(dict.fromkeys(name for flow in flows for name, _ in flow.cuts))
    columns = [_kept_after(flow, names) for flow in flows]
    kept = [sum(entries) for entries in zip(*columns, strict=True)]
    total = sum(flow.n_recorded for flow in flows)
    return CutFlow(total, tuple(zip(names, kept, strict=True)))


def _kept_after(flow: CutFlow, names: Iterable[str]) -> list[int]:
    own = dict(flow.cuts)
    kept, found = flow.n_recorded, []
    for name in names:
        kept = own.get(name, kept)
        found.append(kept)
    return found
