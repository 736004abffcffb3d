"""The grid of the unknown sky cube, and the scale on which it is solved."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from hifred.errors import SchemaError
from hifred.observations.observation_checks import SPACING_TOLERANCE

# Where no instrument has area, any scale does: the flux there is not constrained.
SMALLEST_EXPOSURE = 1e-6
# Sky pixels by which a field may miss the edges of the sky pixels.
ALIGNMENT_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class SkyGrid:
    """Energies and pixels of the sky cube.

    Parameters
    ----------
    energy_edges : (energy + 1,) array, keV
    y, x : (y,), (x,) arrays, arcsec
        Offsets of the pixel centres.
    pixel_size_arcsec : float
    reference_exposure : (energy,) array, cm2 s
        Above 0; ``scaled_flux = flux * reference_exposure`` is count-like.
    n_margin_channels : int
        How many of the energy bins, at either end, lie outside the observed band.
    """

    energy_edges: np.ndarray
    y: np.ndarray
    x: np.ndarray
    pixel_size_arcsec: float
    reference_exposure: np.ndarray
    n_margin_channels: int = 0

    @property
    def energy(self) -> np.ndarray:
        """Centres of the energy bins, keV."""
        return 0.5 * (self.energy_edges[1:] + self.energy_edges[:-1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of energies, rows and columns."""
        return self.energy_edges.size - 1, self.y.size, self.x.size


def build_sky_grid(
    observations: Mapping[str, xr.Dataset],
    margin_pixels: int = 0,
    margin_channels: int = 0,
    *,
    reference_exposure: np.ndarray | None = None,
) -> SkyGrid:
    """Return the sky grid that covers all observations.

    Parameters
    ----------
    observations : mapping of str to Dataset
    margin_pixels : int
        Sky pixels added on every side of the observed field.
    margin_channels : int
        Energy bins added at both ends, as wide as the last ones; the effective area
        there is that of the last observed bin.
    reference_exposure : (energy,) array, cm2 s, optional
        By default the mean over the observations of exposure time x effective area,
        kept above 1e-6 of its largest value, so that it is positive everywhere. It
        changes the scale on which a penalty acts, not what the data say.

    Raises
    ------
    SchemaError
        If the observations do not share one energy grid or one sky pixel grid.
    """
    if not observations:
        raise SchemaError(
            "a fusion input must have at least one observation; got none."
        )
    for name, margin in (("pixels", margin_pixels), ("channels", margin_channels)):
        if margin < 0:
            raise SchemaError(f"margin_{name} must not be negative; got {margin}.")
    pixel_size = _common_pixel_size(observations)
    y, x = (_sky_axis(observations, a, pixel_size, margin_pixels) for a in ("y", "x"))
    edges = _extended_edges(_common_energy_edges(observations), margin_channels)
    _check_margin(observations, margin_channels)
    if reference_exposure is None:
        reference_exposure = _mean_exposure(observations, margin_channels)
    _check_reference(reference_exposure, edges.size - 1)
    return SkyGrid(edges, y, x, pixel_size, reference_exposure, margin_channels)


def extended_area(observation: xr.Dataset, margin_channels: int) -> np.ndarray:
    """Return the effective area on the sky's energies, (energy,), cm2."""
    return np.pad(observation["effective_area"].values, margin_channels, mode="edge")


def _common_pixel_size(observations: Mapping[str, xr.Dataset]) -> float:
    sizes = {n: o.attrs["sky_pixel_size_arcsec"] for n, o in observations.items()}
    first = next(iter(sizes.values()))
    for size in sizes.values():
        if abs(size - first) > SPACING_TOLERANCE * first:
            raise SchemaError(
                "sky_pixel_size_arcsec must be the same for all observations; got "
                f"{_listed(sizes)}."
            )
    return first


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{value} ({name})" for name, value in values.items())


def _common_energy_edges(observations: Mapping[str, xr.Dataset]) -> np.ndarray:
    names = list(observations)
    first = observations[names[0]]["energy_edges"].values
    for name in names[1:]:
        edges = observations[name]["energy_edges"].values
        slack = SPACING_TOLERANCE * np.diff(first).min()
        if edges.shape != first.shape or np.abs(edges - first).max() > slack:
            raise SchemaError(
                f"all observations must share one grid of true energies; {names[0]!r} "
                f"has {_span(first)} and {name!r} {_span(edges)}. Put both on the "
                "finer one; channels may differ."
            )
    return first


def _span(edges: np.ndarray) -> str:
    return f"{edges.size - 1} bins from {edges[0]:g} to {edges[-1]:g} keV"


def _extended_edges(edges: np.ndarray, margin: int) -> np.ndarray:
    steps = np.arange(1, margin + 1)
    below = edges[0] - steps[::-1] * (edges[1] - edges[0])
    above = edges[-1] + steps * (edges[-1] - edges[-2])
    if margin and below[0] <= 0:
        raise SchemaError(
            f"margin_channels must leave energies above 0; got {margin} bins below "
            f"{edges[0]:g} keV."
        )
    return np.concatenate([below, edges, above])


def _check_margin(observations: Mapping[str, xr.Dataset], margin: int) -> None:
    matrices = {"redistribution", "redistribution_data"}
    given = [name for name, o in observations.items() if matrices & set(o.data_vars)]
    if margin and given:
        raise SchemaError(
            f"margin_channels must be 0 where a redistribution matrix is given "
            f"({', '.join(given)}); got {margin}. Choose energies wider than the "
            "channels instead."
        )


def _mean_exposure(
    observations: Mapping[str, xr.Dataset], margin_channels: int
) -> np.ndarray:
    exposures = [
        float(o["exposure_time"]) * extended_area(o, margin_channels)
        for o in observations.values()
    ]
    mean = np.mean(exposures, axis=0)
    return np.maximum(mean, SMALLEST_EXPOSURE * mean.max())


def _check_reference(reference_exposure: np.ndarray, n_energies: int) -> None:
    shape = np.shape(reference_exposure)
    if shape != (n_energies,) or not np.all(np.asarray(reference_exposure) > 0):
        raise SchemaError(
            f"reference_exposure must be above 0 for each of {n_energies} energies; "
            f"got shape {shape}, smallest {np.min(reference_exposure):g}."
        )


def _sky_axis(
    observations: Mapping[str, xr.Dataset], axis: str, size: float, margin: int
) -> np.ndarray:
    """Return the pixel centres, along one axis, of a sky that covers all fields."""
    fixed = [o for o in observations.values() if "spatial_data" in o]
    if fixed:
        return _given_axis(fixed, axis, margin)
    fields = [field_edges(o, axis) for o in observations.values()]
    low = min(edge[0] for edge in fields)
    n = round((max(edge[1] for edge in fields) - low) / size)
    return low + (np.arange(-margin, n + margin) + 0.5) * size


def _given_axis(fixed: list[xr.Dataset], axis: str, margin: int) -> np.ndarray:
    first = fixed[0][f"{axis}_sky"].values
    if margin:
        raise SchemaError(
            f"margin_pixels must be 0 where a spatial matrix is given; got {margin}. "
            "The matrix brings its own margin."
        )
    for other in fixed[1:]:
        centres = other[f"{axis}_sky"].values
        if centres.shape != first.shape or not np.allclose(centres, first):
            raise SchemaError(
                f"all spatial matrices must share one sky grid; {axis}_sky differs."
            )
    return first


def field_edges(observation: xr.Dataset, axis: str) -> tuple[float, float]:
    """Return the outer edges of the field along an axis, arcsec."""
    centres = observation[axis].values
    half = 0.5 * observation.attrs["pixel_size_arcsec"]
    return float(centres[0]) - half, float(centres[-1]) + half


def sky_slice(
    low: float, high: float, centres: np.ndarray, size: float, *, name: str
) -> slice:
    """Return the sky pixels between two edges along one axis.

    Parameters
    ----------
    low, high : float, arcsec
        Edges that must coincide with edges of sky pixels.
    centres : (n,) array, arcsec
        Centres of the sky pixels.
    size : float, arcsec
        Their side.
    name : str
        What is placed on the sky, for the message.

    Raises
    ------
    SchemaError
        If the edges lie between sky pixels or outside the sky.
    """
    start = (low - (centres[0] - 0.5 * size)) / size
    stop = (high - (centres[0] - 0.5 * size)) / size
    for position in (start, stop):
        if abs(position - round(position)) > ALIGNMENT_TOLERANCE:
            raise SchemaError(
                f"pixels of {name} must be aligned with the sky pixels of {size:g} "
                f"arcsec; its field goes from {low:g} to {high:g} arcsec, that is from "
                f"sky pixel {start:.3f} to {stop:.3f}. Give y and x, or a "
                "spatial_matrix."
            )
    first, last = round(start), round(stop)
    if first < 0 or last > centres.size:
        raise SchemaError(
            f"the field of {name} must lie within the sky; it covers sky pixels "
            f"{first} to {last} of {centres.size}."
        )
    return slice(first, last)
