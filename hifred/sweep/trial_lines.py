"""Line maps of one trial, published beside its result.

They are no part of the result: neither the id of a trial nor its file depends on them,
and maps of other lines lie in another folder, named by a digest of the settings.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import final

import xarray as xr

from hifred.products import measure_lines, read_lines
from hifred.products.settings import LineSettings
from hifred.products.target_response import cube_line_spread
from hifred.store.fusion_input import open_fusion_input
from hifred.store.trial_file import SUFFIX, open_trial, publish_trial
from hifred.sweep.record.layout import SweepDirectory

DIGITS = 12


@final
class TrialLines:
    """The lines that are mapped for every trial of a sweep.

    Parameters
    ----------
    sweep : SweepDirectory
    settings : LineSettings
    """

    def __init__(self, sweep: SweepDirectory, settings: LineSettings) -> None:
        self.sweep = sweep
        self.settings = settings
        text = json.dumps(asdict(settings), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
        self.folder = sweep.products / f"lines-{digest}"

    @classmethod
    def of(cls, sweep: SweepDirectory) -> "TrialLines | None":
        """Return the lines of a sweep; None if it maps none.

        Raises
        ------
        SettingsError
            If its file of lines is wrong.
        """
        return cls(sweep, read_lines(sweep.lines)) if sweep.lines.is_file() else None

    def path(self, trial_id: str) -> Path:
        """Return where the maps of a trial are, or will be."""
        return self.folder / f"{trial_id}{SUFFIX}"

    def maps(self, trial_id: str) -> xr.Dataset | None:
        """Return the maps of a trial; None if it has none."""
        path = self.path(trial_id)
        if not path.exists():
            return None
        with open_trial(path) as maps:
            return maps.load()

    def publish(self, record: Mapping[str, object], result: xr.Dataset) -> None:
        """Measure the cube of a trial and publish the maps, unless they are there.

        Parameters
        ----------
        record : mapping
            ``trial_id`` and ``model``, as the trial's own file has them.
        result : Dataset
            Of the trial; without a cube there is nothing to map.

        Raises
        ------
        HifredError
            If a line cannot be measured.
        OSError
            If the maps cannot be written.
        """
        path = self.path(str(record["trial_id"]))
        if path.exists() or "flux" not in result:
            return
        known = open_fusion_input(self.sweep.input(str(record["model"])))
        spread = cube_line_spread(result, known)
        maps = measure_lines(result, self.settings, line_spread=spread)
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {key: record[key] for key in ("trial_id", "model")}
        publish_trial(path, maps, kept)
