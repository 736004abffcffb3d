"""The table of an acceptance: one line for each sky, and the figures over all."""

from collections.abc import Sequence
from typing import Any

import numpy as np

HEAD = (
    "sky", "best lrs, dB", "mu, rank", "aSAM", "guided, dB", "mu, rank", "aSAM",
    "gain, dB", "loss of choice, dB",
)  # fmt: skip

Row = dict[str, Any]


def summary(rows: Sequence[Row]) -> str:
    """Return a Markdown table and the smallest gain, median gain and largest loss."""
    names = list(dict.fromkeys(row["sky"] for row in rows))
    lines = [_line(name, [r for r in rows if r["sky"] == name]) for name in names]
    table = ["| " + " | ".join(HEAD) + " |", "|" + " --- |" * len(HEAD)]
    table += ["| " + " | ".join(line["cells"]) + " |" for line in lines]
    gains, losses, turns = (
        np.array([line[k] for line in lines]) for k in ("gain", "loss", "turn")
    )
    return "\n".join(
        [
            *table,
            "",
            f"gain: median {np.median(gains):.2f} dB, smallest {gains.min():.2f} dB",
            f"largest loss of the automatic choice: {losses.max():.2f} dB",
            f"aSAM of bright pixels, largest change: {turns.max():+.4f} rad",
        ]
    )


def best_of(rows: Sequence[Row], regularizer: str) -> Row:
    """Return the row of a regulariser that is nearest to the truth."""
    fitted = (r for r in rows if r["settings"]["regularizer"] == regularizer)
    return max(fitted, key=lambda row: row["nmse_db"])


def is_automatic(row: Row) -> bool:
    """Return whether a row is that of `guided` with nothing chosen."""
    return row["settings"] == {"regularizer": "guided"}


def _line(name: str, rows: list[Row]) -> Row:
    smooth, best = best_of(rows, "lrs"), best_of(rows, "guided")
    chosen = next(r for r in rows if is_automatic(r))
    gain, loss = (
        chosen["nmse_db"] - smooth["nmse_db"],
        best["nmse_db"] - chosen["nmse_db"],
    )
    cells = (
        name, f"{smooth['nmse_db']:.2f}",
        f"{smooth['settings']['mu']:.0e}, {smooth['settings']['rank']}",
        f"{smooth['asam']:.4f}", f"{chosen['nmse_db']:.2f}",
        f"{chosen['chosen_mu']:.1e}, {chosen['chosen_rank']:.0f}",
        f"{chosen['asam']:.4f}", f"{gain:+.2f}", f"{loss:.2f}",
    )  # fmt: skip
    turn = chosen["asam"] - smooth["asam"]
    return {"cells": cells, "gain": gain, "loss": loss, "turn": turn}
