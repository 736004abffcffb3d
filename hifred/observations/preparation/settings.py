"""What `hifred prepare` is told: files, band, sky and target of a fusion input."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field

from hifred.errors import SettingsError, unknown_name
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.preparation.psf import PsfSettings
from hifred.settings import (
    Number,
    Place,
    Switch,
    Text,
    Whole,
    read_settings,
    read_toml,
    settings,
)


@final
@settings
class GridSettings:
    """Pixels on the sky."""

    ra_deg: Number = Field(description="Centre (ICRS), degrees.")
    dec_deg: Number = Field(description="Centre (ICRS), degrees.")
    pixel_size_arcsec: Number | None = Field(
        default=None, gt=0, description="By default that of the Resolve array."
    )
    shape: tuple[Whole, Whole] | None = Field(
        default=None,
        description="Rows and columns; by default the 6 x 6 of the Resolve array.",
    )
    roll_deg: Number = Field(
        default=0.0,
        description="Position angle of the +y axis, from north through east, degrees.",
    )


@final
@settings
class SkySettings:
    """Pixels of the unknown sky."""

    like: Text | None = Field(
        default=None, description="Instrument whose pixels are the sky's."
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
        description="Channels used, by their centres."
    )
    bin_ev: Number | None = Field(
        default=None,
        gt=0,
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
class BackgroundSettings:
    """Expected background."""

    spectrum: Text | None = Field(
        default=None,
        description="PHA file on the instrument's channels, of the whole field: it "
        "is spread evenly over the pixels that were exposed.",
    )
    image: Text | None = Field(
        default=None,
        description="FITS image or cube; an image spreads the spectrum, which is of "
        "all the image, or is taken as counts in the band when there is "
        "no spectrum.",
    )
    scale: Number = Field(
        default=1.0,
        ge=0,
        description="Factor on it; a spectrum is also scaled by the ratio of the "
        "exposure times and divided by AREASCAL. BACKSCAL, of a region "
        "that is not known here, is not used: of a spectrum of a larger "
        "field, give the share of the field as the scale.",
    )


@final
@settings
class InstrumentSettings:
    """Files of one instrument; give `counts` or `events`."""

    role: Literal["imager", "spectrometer"] = Field(description="What it is for.")
    counts: Text | None = Field(
        default=None, description="Counts cube (FITS) with a WCS and energies."
    )
    events: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="Event list, binned on `grid`; or several, of observations or "
        "CCDs.",
    )
    rmf: Text | None = Field(
        default=None,
        description="OGIP responses; without an RMF channels are true energies. A "
        "response that holds the area already (RSP) is given as `rmf`, "
        "without `arf`.",
    )
    arf: Text | None = Field(
        default=None,
        description="OGIP responses; without an RMF channels are true energies. A "
        "response that holds the area already (RSP) is given as `rmf`, "
        "without `arf`.",
    )
    effective_area_cm2: Number | None = Field(
        default=None, gt=0, description="A constant, instead of an ARF."
    )
    exposure_time_s: Number | None = Field(
        default=None, gt=0, description="By default from the file."
    )
    grid: GridSettings | None = Field(
        default=None,
        description="Pixels of an event list, or of a cube without a celestial WCS.",
    )
    coordinates: tuple[Text, Text] = Field(
        default=("X", "Y"),
        description="Columns of x and y. Detector pixels, such as DETX and DETY "
        "from 1, are taken as the columns and rows of `grid`.",
    )
    energy_column: Text | None = Field(
        default=None,
        description="Column of the pulse heights; by default the usual one of the "
        "telescope.",
    )
    filters: dict[str, ColumnFilter] | Text | None = Field(
        default=None,
        description="Conditions per column, or an expression over columns such as "
        '"(PATTERN <= 12) && #XMMEA_EM", besides the telescope\'s usual '
        "ones on other columns; an empty table keeps every event.",
    )
    usual_filters: Switch = Field(
        default=True, description="Whether to add the telescope's usual conditions."
    )
    good_times: Switch = Field(
        default=True,
        description="Whether to keep only events in the good times of the event list.",
    )
    good_time_files: tuple[Text, ...] = Field(
        default=(),
        description="Further files of good time intervals, such as those of a flare "
        "filter.",
    )
    channel_group: Whole = Field(
        default=1, ge=1, description="Channels of an event list summed into one."
    )
    psf: PsfSettings | list[PsfSettings] | None = Field(
        default=None, description="By default none."
    )
    exposure_map: Text | None = Field(
        default=None, description="FITS image in s or cm2 s: vignetting, chip gaps."
    )
    smallest_exposure: Number = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Pixels below this fraction of the largest exposure are masked.",
    )
    background: BackgroundSettings | None = Field(
        default=None, description="Expected background."
    )
    bad_pixels: tuple[tuple[Whole, Whole], ...] = Field(
        default=(), description="Pixels to mask, as row and column."
    )
    mask_image: Text | None = Field(
        default=None, description="FITS image on the instrument's pixels, 0 where bad."
    )
    masked_kev: tuple[tuple[Number, Number], ...] = Field(
        default=(), description="Channels to ignore."
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
    advice = "`hifred prepare --help` shows an example."
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
    for name, instrument in found.instruments.items():
        _check_instrument(name, instrument)
    _check_sky(found)
    return found


def _check_instrument(name: str, settings: InstrumentSettings) -> None:
    if (settings.counts is None) == (settings.events is None):
        raise SettingsError(
            f"instruments.{name} must have counts or events, one of them; got "
            f"{'both' if settings.counts else 'neither'}."
        )
    if settings.arf is not None and settings.effective_area_cm2 is not None:
        raise SettingsError(
            f"instruments.{name} must have arf or effective_area_cm2, one of them; got "
            "both."
        )
    if settings.events is not None and settings.grid is None:
        raise SettingsError(
            f"instruments.{name} must have a grid to bin its events on; it has none."
        )


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
