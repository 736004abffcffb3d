"""What `hifred prepare` is told: files, band, sky and target of a fusion input."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field

from hifred.errors import SettingsError, unknown_name
from hifred.observations.preparation.instrument_settings import (
    GridSettings,
    InstrumentSettings,
    check_instruments,
)
from hifred.settings import (
    Number,
    Place,
    Text,
    Whole,
    read_settings,
    read_toml,
    settings,
)


@final
@settings
class SkySettings:
    """Pixels of the unknown sky."""

    like: Text | None = Field(
        default=None,
        description="Instrument whose pixels are the sky's.",
        examples=["epic"],
    )
    grid: GridSettings | None = Field(
        default=None, description="Or pixels of one's own."
    )
    margin_pixels: Whole = Field(
        default=0, ge=0, description="Sky pixels added on every side."
    )


@final
@settings
class EnergySettings:
    """Band and bins."""

    band_kev: tuple[Number, Number] = Field(
        description="Channels used, by their centres.", examples=[[2.0, 8.0]]
    )
    bin_ev: Number | None = Field(
        default=None,
        gt=0,
        examples=[4.0],
        description="Width of the true-energy bins; by default the spectrometer's "
        "channels.",
    )
    margin_ev: Number = Field(
        default=0.0,
        ge=0,
        description="The true energies, and the spectrometer's channels, reach so "
        "far beyond the band: photons from there leak into the imager's "
        "channels.",
    )


@final
@settings
class TargetSettings:
    """Resolution wanted of the fused cube."""

    spatial: Literal["imager", "intrinsic"] = Field(
        default="imager",
        description="The imager's PSF, so that others get the difference; or no "
        "blur at all.",
    )
    spectral: Literal["spectrometer", "intrinsic"] = Field(
        default="spectrometer",
        description="The spectrometer's redistribution, or none at all.",
    )


@final
@settings
class PreparationSettings:
    """A whole fusion input."""

    energy: EnergySettings = Field(description="Band and bins.")
    sky: SkySettings = Field(description="Pixels of the unknown sky.")
    instruments: dict[str, InstrumentSettings] = Field(
        description="Files of each instrument, by its name."
    )
    target: TargetSettings = Field(
        default_factory=TargetSettings,
        description="Resolution wanted of the fused cube.",
    )


def read_preparation(path: str | PathLike[str]) -> PreparationSettings:
    """Read a configuration; file names in it are relative to its own folder.

    Raises
    ------
    SettingsError
        If the file is missing or no TOML, or a key is unknown or its value wrong.
    """
    path = Path(path)
    advice = "`hifred prepare --template` prints one to start from."
    declared = read_toml(path, what="configuration", advice=advice)
    return parse_preparation(_resolved(declared, path.parent), str(path))


FILE_KEYS = {"counts", "events", "rmf", "arf", "exposure_map", "mask_image",
             "good_time_files", "spectrum", "image", "profile"}  # fmt: skip


def _resolved(declared: Any, folder: Path) -> Any:
    """Return the declaration with the file names under FILE_KEYS made absolute."""
    if isinstance(declared, list):
        return [_resolved(entry, folder) for entry in declared]
    if not isinstance(declared, Mapping):
        return declared
    return {
        key: _files_in(folder, value) if key in FILE_KEYS else _resolved(value, folder)
        for key, value in declared.items()
    }


def _files_in(folder: Path, names: Any) -> Any:
    """Return one or several file names in a folder; what is no name as it is."""
    if isinstance(names, list):
        return [_files_in(folder, name) for name in names]
    return str(folder / names) if isinstance(names, str) else _resolved(names, folder)


def parse_preparation(
    declared: Mapping[str, Any], file: str = ""
) -> PreparationSettings:
    """Return the settings of a declaration, as read from TOML, perhaps of a `file`.

    Raises
    ------
    SettingsError
        For an unknown key, with the nearest valid one, or a wrong value.
    """
    found = read_settings(PreparationSettings, declared, Place(file))
    if not found.instruments:
        raise SettingsError("there must be at least one [instruments.NAME]; got none.")
    check_instruments(found.instruments)
    _check_sky(found)
    return found


def _check_sky(settings: PreparationSettings) -> None:
    sky = settings.sky
    if (sky.like is None) == (sky.grid is None):
        raise SettingsError(
            "sky must have like (an instrument) or grid, one of them; got "
            f"{'both' if sky.like else 'neither'}."
        )
    if sky.like is not None and sky.like not in settings.instruments:
        raise unknown_name("instrument in sky.like", sky.like, settings.instruments)
    low, high = settings.energy.band_kev
    if not 0 < low < high:
        raise SettingsError(
            f"energy.band_kev must increase and be above 0; got {low:g} to {high:g}."
        )
