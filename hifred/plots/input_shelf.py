"""An input as a shelf, before anything is fused from it."""

from pathlib import Path

import xarray as xr

from hifred.errors import HifredError
from hifred.plots.shelf import Shelf
from hifred.selection.input_verdicts import input_verdicts
from hifred.store import open_fusion_input
from hifred.store.result_table import result_table
from hifred.store.trial_row import TrialRow

# Shelves have trials: that of an input waits for ever.
NO_TRIAL = "input"


def open_input_shelf(path: Path) -> Shelf:
    """Return a shelf that holds the counts of an input, and no fusion.

    Raises
    ------
    HifredError
        If it is no fusion input.
    """
    found = open_fusion_input(path)
    row = TrialRow(NO_TRIAL, path.stem, {"regularizer": "none"}, 0, "pending")
    return Shelf(
        result_table([row]),
        open_trial=_refuse,
        open_input=lambda _: found,
        input_verdicts=lambda: input_verdicts(path.stem, found),
    )


def _refuse(trial: str) -> xr.Dataset:
    raise HifredError(f"an input has no fused cube; got trial {trial}.")
