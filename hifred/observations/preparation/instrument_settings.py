"""What `hifred prepare` is told of one instrument: files, pixels, filters, masks."""

from collections.abc import Mapping
from typing import Annotated, Literal, final

from annotated_types import MinLen
from pydantic import AfterValidator, Field

from hifred.errors import SettingsError
from hifred.observations.events.expression import Expression
from hifred.observations.events.filters import ColumnFilter
from hifred.observations.preparation.positions import Declination, RightAscension
from hifred.observations.preparation.psf import PsfSettings
from hifred.settings import Number, Switch, Text, Whole, settings


def _expression(text: str) -> str:
    Expression(text)  # raises: what it must be, with an example
    return text


FilterText = Annotated[Text, AfterValidator(_expression)]
EventFiles = Annotated[tuple[Text, ...], MinLen(1)]
Side = Annotated[Whole, Field(ge=1)]


@final
@settings
class GridSettings:
    """Pixels on the sky."""

    ra_deg: RightAscension = Field(description="Centre (ICRS).")
    dec_deg: Declination = Field(description="Centre (ICRS).")
    pixel_size_arcsec: Number | None = Field(
        default=None,
        gt=0,
        description="By default that of the Resolve array.",
        examples=[5.0],
    )
    shape: tuple[Side, Side] | None = Field(
        default=None,
        examples=[[80, 80]],
        description="Rows and columns; by default the 6 x 6 of the Resolve array.",
    )
    roll_deg: Number = Field(
        default=0.0,
        description="Position angle of the +y axis, from north through east, degrees.",
    )


@final
@settings
class BackgroundSettings:
    """Expected background."""

    spectrum: Text | None = Field(
        examples=["background.pha"],
        default=None,
        description="PHA file on the instrument's channels, of the whole field: it "
        "is spread evenly over the pixels that were exposed.",
    )
    image: Text | None = Field(
        examples=["background.fits"],
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
        examples=["counts.fits"],
        default=None,
        description="Counts cube (FITS) with a WCS and energies.",
    )
    events: Text | EventFiles | None = Field(
        default=None,
        examples=["events.fits"],
        description="Event list, binned on `grid`; or several, of observations or "
        "CCDs.",
    )
    rmf: Text | None = Field(
        default=None,
        description="OGIP redistribution; without one channels are true energies. A "
        "response that holds the area already (RSP) is given here, without an `arf`.",
        examples=["response.rmf"],
    )
    arf: Text | None = Field(
        default=None,
        description="OGIP effective area.",
        examples=["response.arf"],
    )
    effective_area_cm2: Number | None = Field(
        default=None,
        gt=0,
        description="A constant, instead of an ARF.",
        examples=[100.0],
    )
    exposure_time_s: Number | None = Field(
        default=None, gt=0, description="By default from the file.", examples=[2e4]
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
        examples=["PI"],
        default=None,
        description="Column of the pulse heights; by default the usual one of the "
        "telescope.",
    )
    filters: dict[str, ColumnFilter] | FilterText | None = Field(
        default=None,
        examples=["(PATTERN <= 12) && #XMMEA_EM"],
        description="Conditions per column, or an expression over columns such as "
        '"(PATTERN <= 12) && #XMMEA_EM", besides the telescope\'s usual '
        "ones on other columns; an empty table keeps every event. What conditions on "
        "places (CCDNR, DETX, PIXEL) or on PI leave unseen is masked.",
    )
    usual_filters: Switch = Field(
        default=True, description="Whether to add the telescope's usual conditions."
    )
    good_times: Switch = Field(
        default=True,
        description="Whether to keep only events in the good times of the event list.",
    )
    good_time_files: Text | tuple[Text, ...] = Field(
        default=(),
        examples=[["flares.gti"]],
        description="Further files of good time intervals, such as those of a flare "
        "filter.",
    )
    channel_group: Whole = Field(
        default=1, ge=1, description="Channels of an event list summed into one."
    )
    psf: PsfSettings | Annotated[list[PsfSettings], MinLen(1)] | None = Field(
        default=None,
        description="Point spread function, or one for each of several energies; by "
        "default none.",
        examples=[{"gaussian_fwhm_arcsec": 15.0}],
    )
    exposure_map: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="FITS image in s or cm2 s: vignetting, chip gaps. Of several "
        "event lists one of all together, or one for each.",
        examples=["exposure.fits"],
    )
    smallest_exposure: Number = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Pixels below this fraction of the largest exposure are masked.",
    )
    background: BackgroundSettings | None = Field(
        default=None,
        description="Expected background.",
        examples=[{"spectrum": "background.pha"}],
    )
    bad_pixels: tuple[tuple[Whole, Whole], ...] = Field(
        default=(),
        description="Pixels to mask, as row and column from 0.",
        examples=[[[0, 5]]],
    )
    mask_image: Text | None = Field(
        default=None,
        description="FITS image on the instrument's pixels, 0 where bad.",
        examples=["mask.fits"],
    )
    masked_kev: tuple[tuple[Number, Number], ...] = Field(
        default=(), description="Channels to ignore.", examples=[[[5.8, 6.0]]]
    )


def check_instruments(instruments: Mapping[str, InstrumentSettings]) -> None:
    """Raise unless each instrument's settings belong together.

    Raises
    ------
    SettingsError
        Naming the instrument.
    """
    for name, instrument in instruments.items():
        _check_files(name, instrument)
        for psf in psfs_of(instrument):
            _check_psf(name, psf)


# What is said of event lists alone.
OF_EVENTS = (
    "coordinates", "energy_column", "filters", "usual_filters", "good_times",
    "good_time_files", "channel_group",
)  # fmt: skip


def names_of(files: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names of no, one or several files."""
    if files is None:
        return ()
    return (files,) if isinstance(files, str) else files


def psfs_of(instrument: InstrumentSettings) -> list[PsfSettings]:
    """Return the descriptions of an instrument's PSF; none, one or several."""
    psf = instrument.psf
    if psf is None:
        return []
    return psf if isinstance(psf, list) else [psf]


def _check_files(name: str, settings: InstrumentSettings) -> None:
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
    n_maps, n_lists = (
        len(names_of(settings.exposure_map)),
        len(names_of(settings.events)),
    )
    if n_maps > 1 and n_maps != n_lists:
        raise SettingsError(
            f"instruments.{name} must have one exposure_map of all its events, or one "
            f"for each of its {n_lists} event lists; got {n_maps}."
        )
    _check_of_events(name, settings)
    if settings.events is not None and settings.grid is None:
        raise SettingsError(
            f"instruments.{name} must have a grid to bin its events on; it has none. "
            "Write, say, grid = { ra_deg = 83.633, dec_deg = 22.014, "
            "pixel_size_arcsec = 5.0, shape = [80, 80] }."
        )


def _check_of_events(name: str, settings: InstrumentSettings) -> None:
    """Raise where counts are given with settings that only event lists follow."""
    usual = InstrumentSettings(role=settings.role)
    for key in OF_EVENTS if settings.events is None else ():
        if getattr(settings, key) != getattr(usual, key):
            raise SettingsError(
                f"instruments.{name}.{key} must come with events; got it with counts, "
                "which are taken as they are. Give the event list, or leave it out."
            )


def _check_psf(name: str, psf: PsfSettings) -> None:
    try:
        psf.kind()
    except SettingsError as error:
        raise SettingsError(f"instruments.{name}: {error}") from error
