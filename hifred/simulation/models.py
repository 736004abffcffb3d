"""The four models of the paper's Table 1, and how any of their settings is changed."""

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from hifred.errors import SettingsError, unknown_name
from hifred.settings import Number, Text, Whole, read_settings, settings
from hifred.settings.kinds import is_number
from hifred.simulation.instruments import InstrumentSettings
from hifred.simulation.remnant import RemnantSettings

DEFAULT_MODEL = "gaussian_1kev_rebinned"


@settings
class SimulationSettings:
    """A scene, the grid it is looked at on, and the two instruments."""

    model: Text = Field(description="Name under which the settings are known.")
    imager: InstrumentSettings = Field(description="The instrument that sees sharply.")
    spectrometer: InstrumentSettings = Field(
        description="The instrument that resolves energies."
    )
    scene: Text = Field(
        default="remnant",
        description="remnant, shell, line_shell, or the path of a cube: FITS or Zarr.",
    )
    seed: Whole = Field(default=1, ge=0, description="Seed of the Poisson draws.")
    shape: tuple[Whole, Whole] = Field(
        default=(45, 45), description="Sky pixels along y and x."
    )
    pixel_size_arcsec: Number = Field(
        default=10.0, gt=0.0, description="Of the sky pixels."
    )
    band_kev: tuple[Number, Number] = Field(
        default=(0.5, 1.4), description="First and last energy edge, keV."
    )
    n_energies: Whole = Field(
        default=2500, ge=2, description="Energy bins in the band."
    )
    photon_flux: Number = Field(
        default=1.0,
        gt=0.0,
        description="Photons cm-2 s-1 of the whole scene in the band.",
    )
    remnant: RemnantSettings = Field(
        default_factory=RemnantSettings,
        description='Radius and velocity are those of a "line_shell" too.',
    )
    line_kev: Number | None = Field(
        default=None,
        description='Line of the scene "line_shell"; None takes the middle of the '
        "band.",
    )
    margin_pixels: Whole = Field(
        default=0,
        ge=0,
        description="Sky pixels and energy bins beyond the field and the band from "
        "which flux leaks into the data, as in reality; 0 leaves the "
        "data exactly what the operators of a fusion without margin "
        "make of the truth.",
    )
    margin_channels: Whole = Field(
        default=0,
        ge=0,
        description="Sky pixels and energy bins beyond the field and the band from "
        "which flux leaks into the data, as in reality; 0 leaves the "
        "data exactly what the operators of a fusion without margin "
        "make of the truth.",
    )
    data_from: Literal["truth", "scene"] = Field(
        default="truth",
        description="Apply the matched responses to the truth, or the full "
        "responses to the scene: the same but for edges and for how "
        "well the matched kernels match.",
    )

    @property
    def energy_step_ev(self) -> float:
        """Width of an energy bin."""
        return 1e3 * (self.band_kev[1] - self.band_kev[0]) / self.n_energies


def _gaussian(counts: tuple[float, float], *, rebinned: bool = False) -> dict[str, Any]:
    imager: dict[str, Any] = {"name": "imager", "counts": counts[0]}
    spectrometer: dict[str, Any] = {
        "name": "spectrometer",
        "counts": counts[1],
        "psf_width_arcsec": 30.0,
        "line_spread_width_ev": 2.5,
    }
    if rebinned:
        imager["channel_width_ev"] = 14.4
        spectrometer["pixel_rebinning"] = 3
    return {"imager": imager, "spectrometer": spectrometer}


_REBINNED_BAND = {"band_kev": (0.5, 1.364), "n_energies": 2400}
_REALISTIC = {
    "psf_shape": "realistic",
    "line_spread_shape": "realistic",
    "area_shape": "realistic",
}

# Table 1 of Lascar, Bobin & Acero (2025); counts of the third model as published cubes
# have them.
TABLE_1: dict[str, dict[str, Any]] = {
    "gaussian_1kev": _gaussian((2.4e7, 2.3e7)),
    "gaussian_6kev": _gaussian((3.2e7, 3.1e7))
    | {"band_kev": (6.19, 6.91), "n_energies": 2000},
    "gaussian_1kev_rebinned": _gaussian((2.3e7, 2.3e7), rebinned=True) | _REBINNED_BAND,
    "gaussian_1kev_rebinned_low_counts": _gaussian((2.7e6, 2.5e6), rebinned=True)
    | _REBINNED_BAND,
    "realistic_1kev_rebinned": _REBINNED_BAND
    | {
        "imager": _REALISTIC
        | {
            "name": "imager",
            "counts": 4.5e7,
            "channel_width_ev": 14.4,
            "psf_width_arcsec": 11.0,
            "line_spread_width_ev": 51.0,
            "area_cm2": 400.0,
        },
        "spectrometer": _REALISTIC
        | {
            "name": "spectrometer",
            "counts": 3.0e7,
            "pixel_rebinning": 3,
            "psf_width_arcsec": 33.0,
            "line_spread_width_ev": 1.4,
            "area_cm2": 260.0,
        },
    },
}

MODELS = tuple(TABLE_1)
"""Names of the toy models of the paper's Table 1."""

# 40 GB in single precision; beyond it a number is a slip of the pen.
MOST_VOXELS = 10**10


def simulation_settings(
    model: str, overrides: Mapping[str, Any] | None = None
) -> SimulationSettings:
    """Return the settings of a model with some of them changed.

    Parameters
    ----------
    model : str
        One of `MODELS`.
    overrides : mapping
        Any field of `SimulationSettings`; ``imager``, ``spectrometer`` and ``remnant``
        take mappings, and ``"imager.counts"`` is the same as ``{"imager": {"counts":
        ...}}``. ``counts`` sets those of the imager and keeps the model's ratio.

    Raises
    ------
    SettingsError
        If the model or a setting is unknown or out of range.
    """
    if model not in MODELS:
        raise unknown_name("model", str(model), MODELS)
    nested = _nested(dict(overrides or {}))
    counts = nested.pop("counts", None)
    merged = _merged(copy.deepcopy({"model": model} | TABLE_1[model]), nested)
    if counts is not None:
        _set_counts(merged, counts, nested)
    _refuse_unknown(merged, SimulationSettings, "simulation setting")
    return _validated(merged)


def settings_from_mapping(name: str, simulate: Mapping[str, Any]) -> SimulationSettings:
    """Return the settings of a ``simulate`` table in a sweep.

    Parameters
    ----------
    name : str
        Of the sweep's model: the simulated model, unless ``simulate`` has ``model`` or
        no model has this name; then it is `DEFAULT_MODEL`.
    simulate : mapping
        Overrides, as for `simulation_settings`.
    """
    overrides = dict(simulate)
    default = name if name in TABLE_1 else DEFAULT_MODEL
    return simulation_settings(overrides.pop("model", default), overrides)


def settings_mapping(settings: SimulationSettings) -> dict[str, Any]:
    """Return the settings as plain nested dictionaries."""
    return asdict(settings)


def _nested(overrides: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in overrides.items():
        *path, last = key.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{part} must be a table of settings; got {place}.")
        if isinstance(value, Mapping):
            value = _merged(place.get(last, {}), value)
        place[last] = value
    return nested


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        inner = merged.get(key)
        if isinstance(value, Mapping):
            value = _merged(inner if isinstance(inner, Mapping) else {}, value)
        merged[key] = value
    return merged


def _set_counts(
    merged: dict[str, Any], counts: float, nested: Mapping[str, Any]
) -> None:
    """Give both instruments the counts that were asked for, but not one set itself."""
    if not is_number(counts) or not counts > 0:
        raise SettingsError(f"counts must be a positive number; got {counts!r}.")
    ratio = counts / TABLE_1[merged["model"]]["imager"]["counts"]
    for role in ("imager", "spectrometer"):
        if "counts" not in nested.get(role, {}):
            merged[role]["counts"] *= ratio


_PARTS = {
    "imager": InstrumentSettings,
    "spectrometer": InstrumentSettings,
    "remnant": RemnantSettings,
}


def _refuse_unknown(values: Mapping[str, Any], kind: type, what: str) -> None:
    names = kind.__dataclass_fields__  # type: ignore[attr-defined]
    for key, value in values.items():
        if key not in names:
            choices = [*names, "counts"] if kind is SimulationSettings else names
            raise unknown_name(what, key, choices)
        if kind is SimulationSettings and key in _PARTS:
            if not isinstance(value, Mapping):
                raise SettingsError(
                    f"{key} must be a table of settings; got {value!r}."
                )
            _refuse_unknown(value, _PARTS[key], f"setting of {key!r}")


def _validated(values: Mapping[str, Any]) -> SimulationSettings:
    settings = read_settings(SimulationSettings, values)
    shape, n_energies = settings.shape, settings.n_energies
    if shape[0] * shape[1] * n_energies > MOST_VOXELS:
        raise SettingsError(
            f"shape and n_energies must make at most {MOST_VOXELS:,} voxels; got "
            f"{shape[0]} x {shape[1]} x {n_energies}. Make one of them smaller."
        )
    return settings
