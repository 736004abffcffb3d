"""Axis labels and titles: a name and its unit, always."""

import re

import numpy as np
import xarray as xr

from hifred.measures.names import measure_name
from hifred.store.trial_table import SIGMA, TrialTable

SURFACE_BRIGHTNESS = "surface brightness"
SURFACE_BRIGHTNESS_UNIT = "photon cm-2 s-1 keV-1 arcsec-2"

BETTER = {
    "higher": "higher is better",
    "lower": "lower is better",
    "zero": "near 0 is better",
}
_SETTING_NAMES = {"mu": "strength mu"}
_SETTING_UNITS = {"rank": "components"}
_WORDS = {"regularizer", "model", "solver"}


def pretty_unit(unit: str) -> str:
    """Return `unit` with its exponents raised: ``cm-2`` becomes ``cm$^{-2}$``."""
    return re.sub(r"(?<=[A-Za-z])(-?\d+)", r"$^{\1}$", unit)


def literal(name: str) -> str:
    """Return a user's name for a figure, in which nothing is taken for a formula."""
    return name.replace("$", r"\$")


def plain_unit(unit: str) -> str:
    """Return `unit` with Unicode exponents, for pages: ``cm-2`` becomes ``cm⁻²``."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return re.sub(
        r"(?<=[A-Za-z])(-?\d+)", lambda found: found[1].translate(raised), unit
    )


def with_unit(name: str, unit: str) -> str:
    """Return ``name (unit)``; a dimensionless quantity says so."""
    shown = "dimensionless" if unit in {"", "1"} else pretty_unit(unit)
    return f"{name} ({shown})"


def variable_label(variable: xr.DataArray) -> str:
    """Return the label of a labelled array, from its long_name and units."""
    name = str(variable.attrs.get("long_name") or variable.name)
    return with_unit(name, str(variable.attrs.get("units", "1")))


def measure_unit(table: TrialTable, measure: str) -> str:
    """Return the unit of a measure."""
    if measure.startswith(SIGMA):
        return "standard deviations"
    return str(table.about.get(measure, {}).get("units", "1"))


def measure_label(table: TrialTable, measure: str) -> str:
    """Return the label of a measure, with the direction that is better."""
    label = with_unit(measure_name(measure), measure_unit(table, measure))
    better = BETTER.get(table.direction(measure))
    return f"{label}, {better}" if better else label


def size_label(table: TrialTable, measure: str) -> str:
    """Return the label of a measure; of its distance from 0 where 0 is best."""
    label = measure_label(table, measure)
    return f"size of {label}" if table.direction(measure) == "zero" else label


def setting_label(name: str) -> str:
    """Return the label of a swept setting; a word, such as lrs, has no unit."""
    shown = _SETTING_NAMES.get(name, name.replace("_", " "))
    return shown if name in _WORDS else with_unit(shown, _SETTING_UNITS.get(name, "1"))


def power_of_ten(highest: float) -> int:
    """Return the exponent that leaves `highest` between 1 and 10; 0 near that."""
    if not np.isfinite(highest) or highest <= 0 or 0.01 <= highest < 1e4:
        return 0
    return int(np.floor(np.log10(highest)))


def scaled_label(name: str, unit: str, exponent: int) -> str:
    """Return name and unit, times a power of ten, on lines that fit a short axis."""
    factor = f"$10^{{{exponent}}}$ " if exponent else ""
    words = unit.split()
    lines = [" ".join(words[:3]), " ".join(words[3:])]
    shown = "\n".join(pretty_unit(line) for line in lines if line)
    return f"{name}\n({factor}{shown})"


def band_text(band: tuple[float, float]) -> str:
    """Return an energy band as text, with as many digits as tell its ends apart."""
    width = max(band[1] - band[0], 1e-9)
    digits = int(np.clip(np.ceil(-np.log10(width)) + 1, 1, 5))
    return f"{band[0]:.{digits}f}–{band[1]:.{digits}f} keV"
