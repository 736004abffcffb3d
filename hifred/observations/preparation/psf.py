"""Point spread functions on sky pixels: images, radial profiles, King, Gaussian."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, final

import numpy as np
from pydantic import Field, model_validator

from hifred.errors import HifredError, SettingsError
from hifred.observations.formats.fits_tables import read_table
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.preparation.psf_images import image_psf, odd_side, unit_sum
from hifred.settings import Number, Text, settings
from hifred.settings.fields import fields_of

Profile = Callable[[np.ndarray], np.ndarray]

# Widths by other names of the field, and what they are of a Gaussian.
OTHER_WIDTHS = {
    "hpd": "A Gaussian's half-power diameter is its full width at half maximum",
    "hew": "A Gaussian's half-energy width is its full width at half maximum",
    "fwhm": "The unit is arcsec",
}

# Each sky pixel is the mean of so many points along each axis.
OVERSAMPLING = 7


@final
@settings
class PsfSettings:
    """How a PSF is described; give exactly one of the descriptions."""

    gaussian_sigma_arcsec: Number | None = Field(
        default=None,
        gt=0,
        description="Width (rms along an axis) of a Gaussian.",
        examples=[6.4],
    )
    gaussian_fwhm_arcsec: Number | None = Field(
        default=None,
        gt=0,
        description="Its full width at half maximum, which is its half-power diameter.",
        examples=[15.0],
    )
    king_core_arcsec: Number | None = Field(
        default=None,
        gt=0,
        description="(1 + (r / core)^2)^-slope, slope above 1.",
        examples=[5.0],
    )
    king_slope: Number | None = Field(
        default=None,
        gt=1,
        description="(1 + (r / core)^2)^-slope, slope above 1.",
        examples=[1.5],
    )
    profile: Text | None = Field(
        default=None,
        examples=["psf_profile.fits"],
        description="FITS table with a radius column R (arcsec) and a density "
        "column PSF.",
    )
    image: Text | None = Field(
        default=None,
        description="FITS image. One with a celestial WCS is turned to the sky's "
        "pixels by it; else rows and columns are the sky's, and CDELT tells the size.",
        examples=["psf.fits"],
    )
    radius_arcsec: Number | None = Field(
        default=None,
        gt=0,
        description="Half the side of the PSF that is kept.",
        examples=[90.0],
    )
    energy_kev: Number | None = Field(
        default=None,
        gt=0,
        examples=[6.4],
        description="Energy that it belongs to, when several are given.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_other_width(cls, given: Any) -> Any:
        named = getattr(given, "kwargs", given)
        for name in named if isinstance(named, Mapping) else ():
            word = next(
                (word for word in OTHER_WIDTHS if word in str(name).lower()), None
            )
            if word is not None and name not in fields_of(cls):
                raise SettingsError(
                    f"must have its width as gaussian_fwhm_arcsec; got {name!r}. "
                    f"{OTHER_WIDTHS[word]}: write, say, psf = "
                    "{ gaussian_fwhm_arcsec = 15.0 }."
                )
        return given

    def kind(self) -> Literal["gaussian", "king", "profile", "image"]:
        """Return which description is given."""
        given = {
            "gaussian": self.gaussian_sigma_arcsec or self.gaussian_fwhm_arcsec,
            "king": self.king_core_arcsec and self.king_slope,
            "profile": self.profile,
            "image": self.image,
        }
        names = [name for name, value in given.items() if value]
        if len(names) != 1:
            raise SettingsError(
                "a psf must have one description (gaussian_sigma_arcsec, "
                "gaussian_fwhm_arcsec, king_core_arcsec with king_slope, profile or "
                f"image); got {', '.join(names) or 'none'}."
            )
        return names[0]  # type: ignore[return-value]


def build_psf(
    settings: PsfSettings, pixel_size_arcsec: float, sky: PixelGrid | None = None
) -> np.ndarray:
    """Return a PSF (psf_y, psf_x) on sky pixels: odd sides, unit sum, centred.

    Parameters
    ----------
    settings : PsfSettings
        Its description.
    pixel_size_arcsec : float
        Side of a sky pixel.
    sky : PixelGrid, optional
        To whose directions an image with a celestial WCS is turned.
    """
    kind = settings.kind()
    if kind == "image":
        return image_psf(
            str(settings.image), pixel_size_arcsec, settings.radius_arcsec, sky
        )
    profile, reach = _profile_of(settings)
    radius = settings.radius_arcsec or reach
    return sampled_psf(profile, pixel_size_arcsec, radius)


def build_psfs(
    several: Sequence[PsfSettings],
    pixel_size_arcsec: float,
    sky: PixelGrid | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return PSFs (psf_energy, psf_y, psf_x) and their energies (psf_energy,), keV."""
    if any(settings.energy_kev is None for settings in several):
        raise HifredError("each of several psfs must have energy_kev; one has none.")
    ordered = sorted(several, key=lambda settings: settings.energy_kev or 0.0)
    images = [build_psf(settings, pixel_size_arcsec, sky) for settings in ordered]
    side = max(max(image.shape) for image in images)
    energies = np.array([settings.energy_kev for settings in ordered], dtype=float)
    return np.stack([_padded(image, side) for image in images]), energies


def _padded(psf: np.ndarray, side: int) -> np.ndarray:
    return np.pad(psf, [((side - n) // 2, (side - n) // 2) for n in psf.shape])


def _profile_of(settings: PsfSettings) -> tuple[Profile, float]:
    """Return the density over radius in arcsec, and a radius that holds nearly all."""
    if settings.kind() == "king":
        core, slope = (
            float(settings.king_core_arcsec or 0),
            float(settings.king_slope or 0),
        )
        # 99 % of the flux, and no more than 30 cores: King wings are endless.
        reach = core * min(30.0, np.sqrt(0.01 ** (1 / (1 - slope)) - 1))
        return lambda r: (1 + (r / core) ** 2) ** -slope, float(reach)
    if settings.kind() == "profile":
        return read_radial_profile(str(settings.profile))
    sigma = settings.gaussian_sigma_arcsec
    if sigma is None:
        sigma = float(settings.gaussian_fwhm_arcsec or 0) / np.sqrt(8 * np.log(2))
    width = float(sigma)
    return lambda r: np.exp(-0.5 * (r / width) ** 2), 4.5 * width


def read_radial_profile(path: str | PathLike[str]) -> tuple[Profile, float]:
    """Return the density of a tabulated profile, and its last radius in arcsec.

    Parameters
    ----------
    path : path
        FITS file whose table PSF or RADPROF has columns R (or RADIUS) and PSF (or
        SB): radius in an angular unit, density per unit area.
    """
    table = read_table(path, ("PSF", "RADPROF", "PROFILE"))
    radius_name = "R" if table.find("RADIUS") is None else "RADIUS"
    density_name = "PSF" if table.find("SB") is None else "SB"
    radius = table.quantity(radius_name, "arcsec")
    density = table.numbers(density_name).astype(float)
    if radius.ndim != 1 or radius.shape != density.shape or radius.size < 2:
        raise HifredError(
            f"{table.place(radius_name)} and {density_name} must hold one number per "
            f"row, in two rows or more; got shapes {radius.shape} and {density.shape}."
        )
    if np.any(np.diff(radius) <= 0) or radius[-1] <= 0 or np.any(density < 0):
        raise HifredError(
            f"{table.place(radius_name)} must increase and {density_name} must not be "
            "negative."
        )
    return lambda r: np.interp(r, radius, density, right=0.0), float(radius[-1])


def sampled_psf(
    profile: Profile, pixel_size_arcsec: float, radius_arcsec: float
) -> np.ndarray:
    """Return a circular profile averaged over sky pixels, unit sum.

    Parameters
    ----------
    profile : callable
        Density over radius in arcsec.
    pixel_size_arcsec, radius_arcsec : float
        Side of a sky pixel; half the side of the result, rounded up to pixels.
    """
    side = odd_side(radius_arcsec, pixel_size_arcsec)
    fine = (np.arange(side * OVERSAMPLING) + 0.5) / OVERSAMPLING - side / 2
    fine = fine * pixel_size_arcsec
    density = profile(np.hypot(fine[:, None], fine[None, :]))
    psf = density.reshape(side, OVERSAMPLING, side, OVERSAMPLING).mean(axis=(1, 3))
    return unit_sum(psf)
