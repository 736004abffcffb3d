"""What `hifred lines` is told: the lines, how they are measured, and other maps."""

from pathlib import Path
from typing import Annotated, Literal, Self, final

from pydantic import Field, model_validator

from hifred.errors import SettingsError
from hifred.products.line_list import Line, known_line, rest_line
from hifred.settings import Number, Place, Text, read_settings, read_toml, settings
from hifred.settings.kinds import Says

Band = Annotated[
    tuple[Number, Number], Says("two energies in keV, the lower first", (6.5, 6.8))
]
Bands = Annotated[
    list[tuple[Number, Number]],
    Says("one or two pairs of energies in keV", ((6.40, 6.50), (6.80, 6.90))),
]
Components = Literal[1, 2, "auto"]
Convention = Literal["radio", "optical", "relativistic"]
Binning = Literal["none", "voronoi", "weighted"]


@final
@settings
class LineChoice:
    """One line: a ``[lines.NAME]`` table."""

    line: Text | None = Field(
        default=None,
        description="Its name in the list of known lines.",
        examples=["Fe XXV He-alpha"],
    )
    energy_kev: Number | None = Field(
        default=None, gt=0.0, description="Or its energy at rest, keV."
    )
    window_kev: Band | None = Field(
        default=None,
        description="Observed energies that hold the line; by default those within "
        "reach_km_s of it.",
    )
    side_bands_kev: Bands | None = Field(
        default=None,
        description="Observed energies of the continuum beside it; by default half as "
        "wide as the window each, next to it.",
    )
    components: Components | None = Field(
        default=None, description="Instead of that of all lines."
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [n for n in ("line", "energy_kev") if getattr(self, n) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "neither"
            raise SettingsError(f"must have either line or energy_kev; got {found}.")
        return self

    def at_rest(self, name: str) -> Line:
        """Return the line, known or of one's own."""
        if self.line is not None:
            return known_line(self.line)
        return rest_line(name, self.energy_kev or 0.0)


@final
@settings
class RatioChoice:
    """Two bands: a ``[ratios.NAME]`` table."""

    upper_kev: Band = Field(description="Energies of the numerator.")
    lower_kev: Band = Field(description="Energies of the denominator.")


@final
@settings
class MomentChoice:
    """A band: a ``[moments.NAME]`` table."""

    band_kev: Band = Field(description="Energies of the moments 0, 1 and 2.")


@final
@settings
class LineSettings:
    """A whole ``lines.toml``."""

    redshift: Number = Field(
        default=0.0,
        gt=-1.0,
        description="Of the object; velocities are relative to it.",
    )
    reach_km_s: Number = Field(
        default=3000.0,
        gt=0.0,
        lt=1e5,
        description="Largest velocity that the window of a line holds, beside twice "
        "the resolution.",
    )
    velocity_convention: Convention = Field(
        default="radio",
        description="Velocity from energy, positive when receding: radio, c (1 - E / "
        "E0), optical, c (E0 / E - 1), or relativistic.",
    )
    components: Components = Field(
        default="auto",
        description="Gaussians of a line; auto tells both where the cube shows two, "
        "and takes velocity and width from one everywhere.",
    )
    binning: Binning = Field(
        default="none",
        description="Pixels in groups: voronoi, compact ones of about one signal, or "
        "weighted, whose sizes follow the brightness.",
    )
    target_counts: Number | None = Field(
        default=None,
        gt=0.0,
        description="Count-like scaled flux that a group shall have in the window.",
    )
    target_snr: Number | None = Field(
        default=None,
        gt=0.0,
        description="Or the line's counts over the root of all counts in the window.",
    )
    least_snr: Number = Field(
        default=3.0,
        ge=0.0,
        description="Of the flux, below which velocity and width are not shown.",
    )
    level: Number = Field(
        default=0.68, gt=0.0, lt=1.0, description="Of the intervals from draws."
    )
    lines: dict[Text, LineChoice] = Field(
        default_factory=dict, description="The lines by name."
    )
    moments: dict[Text, MomentChoice] = Field(
        default_factory=dict, description="Bands of moment maps by name."
    )
    ratios: dict[Text, RatioChoice] = Field(
        default_factory=dict, description="Ratios of two bands by name."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.lines or self.moments or self.ratios):
            raise SettingsError(
                "there must be at least one line, moment or ratio; got none. Add, say, "
                '[lines.iron] with line = "Fe XXV He-alpha".'
            )
        targets = [t for t in (self.target_counts, self.target_snr) if t is not None]
        if self.binning != "none" and len(targets) != 1:
            raise SettingsError(
                f'binning = "{self.binning}" must have either target_counts or '
                f"target_snr; got {len(targets)} of them."
            )
        if self.binning == "none" and targets:
            raise SettingsError(
                'target_counts and target_snr must have binning = "voronoi" or '
                '"weighted"; got "none", which groups no pixels.'
            )
        _check_names([*self.lines, *self.moments, *self.ratios])
        return self


def _check_names(names: list[str]) -> None:
    """Refuse names that no table, figure or file can show."""
    for name in names:
        if not name.strip() or not name.isprintable():
            raise SettingsError(
                "lines, moments and ratios must have names of letters, digits and "
                f"signs; got {name!r}."
            )


def read_lines(path: str | Path) -> LineSettings:
    """Read a ``lines.toml``.

    Raises
    ------
    SettingsError
        If it cannot be read, a key is unknown or a value is wrong, or it asks for
        nothing.
    """
    advice = "`hifred lines --template` prints one to start from."
    table = read_toml(path, what="file of lines", advice=advice)
    return read_settings(LineSettings, table, Place(str(path)))
