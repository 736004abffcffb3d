"""Modules under the names that they had in version 0.1."""

import importlib
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any, final

PACKAGE = "hifred.observations"

# Old name, and where it stands now; they go with version 0.3.
MOVED = {
    "band_images": ("response_check.band_images",),
    "check": ("response_check.check",),
    "check_report": ("response_check.report",),
    "detectors": ("events.detectors",),
    "event_filters": ("events.filters",),
    "fits_cubes": ("formats.fits_cubes",),
    "fits_images": ("formats.fits_images",),
    "fits_tables": ("formats.fits_tables",),
    "instrument_files": ("preparation.instrument_files",),
    "matched_redistribution": ("matching.redistribution",),
    "ogip": ("formats.ogip",),
    "ogip_writers": ("formats.ogip_writers",),
    "pha": ("formats.pha",),
    "pixel_grid": ("geometry.pixel_grid",),
    "preparation_settings": ("preparation.settings", "preparation.instrument_settings"),
    "psf": ("preparation.psf", "preparation.psf_images"),
    "rmf": ("formats.rmf",),
    "summed_spectra": ("response_check.summed_spectra",),
    "transfer": ("response_check.transfer",),
}


@final
class MovedModule(ModuleType):
    """A module's old name; what is asked of it comes from the new one, with a word."""

    def __init__(self, old: str, new: Sequence[str]) -> None:
        super().__init__(f"{PACKAGE}.{old}", f"Old name of {' and '.join(new)}.")
        self._new = [f"{PACKAGE}.{name}" for name in new]

    def __getattr__(self, name: str) -> Any:
        # Names with two underscores are asked by the import system, not by a user.
        modules = [] if name.startswith("__") else self._new
        for module in map(importlib.import_module, modules):
            if hasattr(module, name):
                _warn(self.__name__, name, module.__name__)
                return getattr(module, name)
        raise AttributeError(f"module {self.__name__} has no attribute {name!r}")


def _warn(old: str, name: str, new: str) -> None:
    told = f"{old} is an old name: import {name} from {new}."
    warnings.warn(told, FutureWarning, stacklevel=3)


def keep_old_names() -> None:
    """Let the old names be imported; the modules behind them wait for their use."""
    for old, new in MOVED.items():
        name = f"{PACKAGE}.{old}"
        sys.modules.setdefault(name, MovedModule(old, new))
