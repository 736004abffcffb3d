"""One fusion as a shelf of a single trial, for whatever shows the trials of a sweep."""

import json
from pathlib import Path

from hifred.errors import HifredError
from hifred.measures import measure_fusion
from hifred.observations import FusionInput
from hifred.plots.shelf import Shelf
from hifred.store.fused import FusedCube, open_fused
from hifred.store.result_table import result_table
from hifred.store.trial_row import TrialRow


def open_fusion_shelf(path: Path, fusion_input: Path | None = None) -> Shelf:
    """Return a shelf that holds one fusion, named after its file.

    Parameters
    ----------
    path : Path
        What `hifred fuse` wrote.
    fusion_input : Path, optional
        What was fused; by default where it was, as the result tells.

    Raises
    ------
    HifredError
        If the input is not there, or is not what was fused.
    """
    fused = open_fused(path, fusion_input=fusion_input)
    found, recorded = fused.fusion_input, fused.result.attrs.get("input")
    if found is None:
        where = "is not known" if recorded is None else f"is not at {recorded!r}"
        raise HifredError(
            f"input must be what was fused, to draw the counts beside {path.name}; it "
            f"{where}. Give it by --input."
        )
    model = Path(fusion_input or str(recorded)).stem
    return Shelf(
        result_table([_row(fused, found, model)]),
        open_trial=lambda _: fused.result,
        open_input=lambda _: found,
        draws_path=lambda _: fused.draws_path,
    )


def _row(fused: FusedCube, found: FusionInput, model: str) -> TrialRow:
    measured = measure_fusion(fused.result, found)
    attributes = {
        "measures": {
            str(name): {"value": float(value), "attrs": value.attrs}
            for name, value in measured.items()
            if not value.dims
        },
        "outcome": fused.result.attrs["outcome"],
        "record": {"iterations": fused.result.attrs["n_iterations"]},
    }
    settings = json.loads(fused.result.attrs["settings"])
    name = Path(fused.name).stem
    return TrialRow(name, model, settings, 0, "done", attributes=attributes)
