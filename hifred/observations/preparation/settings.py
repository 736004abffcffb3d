"""What `hifred prepare` is told: files, band, sky and target of a fusion input."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, final, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from hifred.errors import SettingsError, unknown_name
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.preparation.psf import PsfSettings

STRICT = ConfigDict(extra="forbid")


@final
@dataclass(frozen=True, config=STRICT)
class GridSettings:
    """Pixels on the sky.

    Parameters
    ----------
    ra_deg, dec_deg : float, degrees
        Centre (ICRS).
    pixel_size_arcsec : float, optional
        By default that of the Resolve array.
    shape : (int, int)
        Rows and columns; by default the 6 x 6 of the Resolve array.
    roll_deg : float, degrees
        Position angle of the +y axis, from north through east.
    """

    ra_deg: float
    dec_deg: float
    pixel_size_arcsec: float | None = Field(default=None, gt=0)
    shape: tuple[int, int] | None = None
    roll_deg: float = 0.0


@final
@dataclass(frozen=True, config=STRICT)
class SkySettings:
    """Pixels of the unknown sky.

    Parameters
    ----------
    like : str, optional
        Instrument whose pixels are the sky's.
    grid : GridSettings, optional
        Or pixels of one's own.
    margin_pixels : int
        Sky pixels added on every side.
    """

    like: str | None = None
    grid: GridSettings | None = None
    margin_pixels: int = Field(default=0, ge=0)


@final
@dataclass(frozen=True, config=STRICT)
class EnergySettings:
    """Band and bins.

    Parameters
    ----------
    band_kev : (float, float)
        Channels used, by their centres.
    bin_ev : float, optional
        Width of the true-energy bins; by default the spectrometer's channels.
    margin_ev : float
        The true energies, and the spectrometer's channels, reach so far beyond the
        band: photons from there leak into the imager's channels.
    """

    band_kev: tuple[float, float]
    bin_ev: float | None = Field(default=None, gt=0)
    margin_ev: float = Field(default=0.0, ge=0)


@final
@dataclass(frozen=True, config=STRICT)
class TargetSettings:
    """Resolution wanted of the fused cube.

    Parameters
    ----------
    spatial : {"imager", "intrinsic"}
        The imager's PSF, so that others get the difference; or no blur at all.
    spectral : {"spectrometer", "intrinsic"}
        The spectrometer's redistribution, or none at all.
    """

    spatial: Literal["imager", "intrinsic"] = "imager"
    spectral: Literal["spectrometer", "intrinsic"] = "spectrometer"


@final
@dataclass(frozen=True, config=STRICT)
class BackgroundSettings:
    """Expected background.

    Parameters
    ----------
    spectrum : str, optional
        PHA file on the instrument's channels, of the whole field: it is spread evenly
        over the pixels that were exposed.
    image : str, optional
        FITS image or cube; an image spreads the spectrum, which is of all the image,
        or is taken as counts in the band when there is no spectrum.
    scale : float
        Factor on it; a spectrum is also scaled by the ratio of the exposure times and
        divided by AREASCAL. BACKSCAL, of a region that is not known here, is not used:
        of a spectrum of a larger field, give the share of the field as the scale.
    """

    spectrum: str | None = None
    image: str | None = None
    scale: float = Field(default=1.0, ge=0)


@final
@dataclass(frozen=True, config=STRICT)
class InstrumentSettings:
    """Files of one instrument; give `counts` or `events`.

    Parameters
    ----------
    role : {"imager", "spectrometer"}
    counts : str, optional
        Counts cube (FITS) with a WCS and energies.
    events : str or list of str, optional
        Event list, binned on `grid`; or several, of observations or CCDs.
    rmf, arf : str, optional
        OGIP responses; without an RMF channels are true energies. A response that
        holds the area already (RSP) is given as `rmf`, without `arf`.
    effective_area_cm2 : float, optional
        A constant, instead of an ARF.
    exposure_time_s : float, optional
        By default from the file.
    grid : GridSettings, optional
        Pixels of an event list, or of a cube without a celestial WCS.
    coordinates : (str, str)
        Columns of x and y. Detector pixels, such as DETX and DETY from 1, are taken
        as the columns and rows of `grid`.
    energy_column : str, optional
    filters : mapping or str, optional
        Conditions per column, or an expression over columns such as ``"(PATTERN <= 12)
        && #XMMEA_EM"``, besides the telescope's usual ones on other columns; an empty
        table keeps every event.
    usual_filters : bool
        Whether to add the telescope's usual conditions.
    good_times : bool
        Whether to keep only events in the good times of the event list.
    good_time_files : list of str
        Further files of good time intervals, such as those of a flare filter.
    channel_group : int
        Channels of an event list summed into one.
    psf : PsfSettings or list of them with energies, optional
        By default none.
    exposure_map : str, optional
        FITS image in s or cm2 s: vignetting, chip gaps.
    smallest_exposure : float
        Pixels below this fraction of the largest exposure are masked.
    background : BackgroundSettings, optional
    bad_pixels : list of (row, column)
    mask_image : str, optional
        FITS image on the instrument's pixels, 0 where bad.
    masked_kev : list of (float, float)
        Channels to ignore.
    """

    role: Literal["imager", "spectrometer"]
    counts: str | None = None
    events: str | tuple[str, ...] | None = None
    rmf: str | None = None
    arf: str | None = None
    effective_area_cm2: float | None = Field(default=None, gt=0)
    exposure_time_s: float | None = Field(default=None, gt=0)
    grid: GridSettings | None = None
    coordinates: tuple[str, str] = ("X", "Y")
    energy_column: str | None = None
    filters: dict[str, ColumnFilter] | str | None = None
    usual_filters: bool = True
    good_times: bool = True
    good_time_files: tuple[str, ...] = ()
    channel_group: int = Field(default=1, ge=1)
    psf: PsfSettings | list[PsfSettings] | None = None
    exposure_map: str | None = None
    smallest_exposure: float = Field(default=0.05, ge=0, le=1)
    background: BackgroundSettings | None = None
    bad_pixels: tuple[tuple[int, int], ...] = ()
    mask_image: str | None = None
    masked_kev: tuple[tuple[float, float], ...] = ()


@final
@dataclass(frozen=True, config=STRICT)
class PreparationSettings:
    """A whole fusion input.

    Parameters
    ----------
    energy : EnergySettings
    sky : SkySettings
    instruments : mapping of str to InstrumentSettings
    target : TargetSettings
    """

    energy: EnergySettings
    sky: SkySettings
    instruments: dict[str, InstrumentSettings]
    target: TargetSettings = Field(default_factory=TargetSettings)


def read_preparation(path: str | PathLike[str]) -> PreparationSettings:
    """Read a configuration; file names in it are relative to its own folder.

    Raises
    ------
    SettingsError
        If the file is missing or no TOML, or a key is unknown or its value wrong.
    """
    path = Path(path)
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} must be a readable file; {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} must be TOML; {error}.") from error
    return parse_preparation(_resolved(declared, path.parent))


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


def parse_preparation(declared: Mapping[str, Any]) -> PreparationSettings:
    """Return the settings of a declaration, as read from TOML.

    Raises
    ------
    SettingsError
        For an unknown key, with the nearest valid one, or a wrong value.
    """
    try:
        settings = TypeAdapter(PreparationSettings).validate_python(dict(declared))
    except ValidationError as error:
        raise _sentence(error) from error
    if not settings.instruments:
        raise SettingsError("there must be at least one [instruments.NAME]; got none.")
    for name, instrument in settings.instruments.items():
        _check_instrument(name, instrument)
    _check_sky(settings)
    return settings


def _sentence(error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        parent, key = first["loc"][:-1], str(first["loc"][-1])
        where = ".".join(str(part) for part in parent) or "the configuration"
        return unknown_name(f"key in {where}", key, _keys_at(parent))
    if first["type"] in ("missing", "missing_argument"):
        return SettingsError(f"{place} must be given; it is missing.")
    return SettingsError(f"{place} got {first['input']!r}: {first['msg']}.")


def _keys_at(location: tuple[Any, ...]) -> list[str]:
    """Return the names of the settings at a place, such as ("instruments", "mos1")."""
    found: Any = PreparationSettings
    for part in location:
        if is_dataclass(found):
            kinds = {f.name: f.type for f in fields(found)}
            found = _settings_class(kinds[part]) if part in kinds else found
    return [f.name for f in fields(found)]


def _settings_class(kind: Any) -> Any:
    if is_dataclass(kind):
        return kind
    inner = [c for c in map(_settings_class, get_args(kind)) if is_dataclass(c)]
    return inner[0] if inner else kind


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
