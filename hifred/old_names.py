"""Names of version 0.1 that stand elsewhere now; they go with version 0.3."""

import importlib
import sys
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, final

# By package: a module's old name, and where what it held stands now.
MODULES: dict[str, dict[str, tuple[str, ...]]] = {
    "hifred.observations": {
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
        "preparation_settings": (
            "preparation.settings",
            "preparation.instrument_settings",
        ),
        "psf": ("preparation.psf", "preparation.psf_images"),
        "rmf": ("formats.rmf",),
        "summed_spectra": ("response_check.summed_spectra",),
        "transfer": ("response_check.transfer",),
    },
    "hifred.sweep": {
        "bootstrap": ("driver.bootstrap_run",),
        "collecting": ("watch.collecting",),
        "commands": ("watch.commands",),
        "declaration": ("plan.declaration",),
        "events": ("record.event_log", "record.events"),
        "inspection": ("watch.inspection",),
        "kernel": ("kernels.kernel",),
        "layout": ("record.layout",),
        "listing": ("watch.listing",),
        "options": ("plan.options",),
        "planning": ("plan.planning", "plan.target"),
        "preview": ("watch.preview",),
        "run": ("driver.run", "plan.target"),
        "snapshot": ("watch.snapshot",),
        "states": ("watch.states",),
        "template": ("plan.template",),
        "upkeep": ("watch.upkeep",),
    },
}
# By package: a name that it exported, and the package that does now.
NAMES = {"hifred.measures": {"predicted_counts": "hifred.observations"}}


@final
class MovedModule(ModuleType):
    """A module's old name; what is asked of it comes from the new one, with a word.

    Parameters
    ----------
    old : str
        The old name.
    new : sequence of str
        Modules where what it held stands now.
    """

    def __init__(self, old: str, new: Sequence[str]) -> None:
        super().__init__(old, f"Old name of {' and '.join(new)}.")
        self._new = list(new)

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


def keep_old_modules(package: str) -> None:
    """Let old names be imported; the modules behind them wait for their use."""
    for old, new in MODULES[package].items():
        name = f"{package}.{old}"
        moved = MovedModule(name, [f"{package}.{module}" for module in new])
        sys.modules.setdefault(name, moved)


def with_old_names(
    package: str, exported: Callable[[str], Any]
) -> Callable[[str], Any]:
    """Return a ``__getattr__`` that knows names which a package exports no longer.

    Parameters
    ----------
    package : str
    exported : callable
        Returns what it does export, by name.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807
        if name not in NAMES[package]:
            return exported(name)
        new = NAMES[package][name]
        _warn(package, name, new)
        return getattr(importlib.import_module(new), name)

    return __getattr__
