"""The labelled data of one instrument: counts, and all that predicts them."""

from typing import Any

import numpy as np
import scipy.sparse
import xarray as xr

from hifred import dims
from hifred.errors import SchemaError
from hifred.observations.observation_checks import (
    SCHEMA,
    SCHEMA_VERSION,
    check_observation,
)
from hifred.observations.sparse import has_sparse, read_sparse, sparse_variables

SKY_IMAGE = ("y_sky", "x_sky")
# Attribute: a sentence on events that are kept though they are usually dropped.
UNUSUAL_EVENTS = "unusual_events"
DESCRIPTIONS = {
    "counts": (dims.COUNT, "recorded events"),
    "background": (dims.COUNT, "expected background counts"),
    "expected_counts": (dims.COUNT, "noise-free mean of the counts"),
    "mask": (dims.DIMENSIONLESS, "voxels to use (true) or to ignore"),
    "effective_area": (dims.AREA_UNIT, "effective area"),
    "exposure_time": (dims.TIME_UNIT, "live time"),
    "vignetting": (dims.DIMENSIONLESS, "area relative to that on axis"),
    "psf": (dims.DIMENSIONLESS, "point-spread function, in sky pixels"),
    "psf_energy": (dims.ENERGY_UNIT, "energies at which the PSF is given"),
    "line_spread": (dims.DIMENSIONLESS, "spectral response to a line, in energy bins"),
    "redistribution": (dims.DIMENSIONLESS, "probability of a channel given the energy"),
    "redistribution_data": (dims.DIMENSIONLESS, "entries of the redistribution"),
    "redistribution_indices": (dims.DIMENSIONLESS, "energy bin of each entry"),
    "redistribution_indptr": (dims.DIMENSIONLESS, "first entry of each channel"),
    "spatial_data": (dims.DIMENSIONLESS, "entries of the spatial matrix"),
    "spatial_indices": (dims.DIMENSIONLESS, "sky pixel of each entry"),
    "spatial_indptr": (dims.DIMENSIONLESS, "first entry of each instrument pixel"),
    "channel": (dims.DIMENSIONLESS, "detector channel"),
    "channel_edges": (dims.ENERGY_UNIT, "edges of the detector channels"),
    "energy": (dims.ENERGY_UNIT, "true photon energy"),
    "energy_edges": (dims.ENERGY_UNIT, "edges of the true-energy bins"),
    "y": (dims.ANGLE_UNIT, "offset of the pixel centre along y"),
    "x": (dims.ANGLE_UNIT, "offset of the pixel centre along x"),
    "y_sky": (dims.ANGLE_UNIT, "offset of the sky pixel centre along y"),
    "x_sky": (dims.ANGLE_UNIT, "offset of the sky pixel centre along x"),
}
"""Units and long name of every variable and coordinate."""


def build_observation(  # one keyword per variable of the schema, hence so many
    *,
    instrument: str,
    role: str,
    counts: np.ndarray,
    energy_edges: np.ndarray,
    effective_area: np.ndarray | float,
    exposure_time: float,
    pixel_size_arcsec: float,
    sky_pixel_size_arcsec: float | None = None,
    channel_edges: np.ndarray | None = None,
    channel: np.ndarray | None = None,
    background: np.ndarray | float | None = None,
    mask: np.ndarray | None = None,
    vignetting: np.ndarray | None = None,
    psf: np.ndarray | None = None,
    psf_energy: np.ndarray | None = None,
    line_spread: np.ndarray | None = None,
    redistribution: np.ndarray | scipy.sparse.sparray | None = None,
    spatial_matrix: scipy.sparse.sparray | None = None,
    expected_counts: np.ndarray | None = None,
    y: np.ndarray | None = None,
    x: np.ndarray | None = None,
    y_sky: np.ndarray | None = None,
    x_sky: np.ndarray | None = None,
    wcs: str | None = None,
) -> xr.Dataset:
    """Return the validated, labelled data of one instrument.

    Parameters
    ----------
    instrument : str
        Its name, such as ``"resolve"``.
    role : {"imager", "spectrometer"}
    counts : (channel, y, x) array, count
        Whole numbers, none negative.
    energy_edges : (energy + 1,) array, keV
        Edges of the true-energy bins, the same for all observations of one sky.
    effective_area : (energy,) array or float, cm2
        ARF, vignetting aside.
    exposure_time : float, s
        Live time, above 0.
    pixel_size_arcsec, sky_pixel_size_arcsec : float, arcsec
        Side of an instrument pixel and of a sky pixel (by default the same).
    channel_edges : (channel + 1,) array, keV, optional
        Nominal edges of the channels; by default the energy bins.
    channel : (channel,) array, optional
        Channel numbers; by default 0, 1, 2 ...
    background : (channel, y, x) array or float, count, optional
        Expected background counts; by default none.
    mask : (channel, y, x) or (y, x) bool array, optional
        True where the voxel is used; by default everywhere.
    vignetting : (y_sky, x_sky) or (energy, y_sky, x_sky) array, optional
        Area relative to that on axis, 0 to 1, on the sky pixels.
    psf : (odd, odd) or (psf_energy, odd, odd) array, optional
        The instrument's full PSF in sky pixels, unit sum; by default a delta.
    psf_energy : (psf_energy,) array, keV
        Energies of a 3-D `psf`.
    line_spread : (odd,) array, optional
        The instrument's full response to a line, one sample per energy bin, unit
        sum; by default a delta.
    redistribution : (channel, energy) array, dense or sparse, optional
        Probability of each channel given the true energy, instead of `line_spread`.
        A sparse one is stored sparse.
    spatial_matrix : (y * x, y_sky * x_sky) sparse array, optional
        From sky pixels to instrument pixels, PSF included, instead of `psf`.
    expected_counts : (channel, y, x) array, count, optional
        Noise-free mean, background included, where the data are simulated.
    y, x : (y,), (x,) arrays, arcsec, optional
        Offsets of the pixel centres, evenly spaced, increasing with the row and
        column index; by default the field is centred on 0.
    y_sky, x_sky : arrays, arcsec
        The same for the sky pixels of `spatial_matrix` or `vignetting`; by default
        (vignetting only) those that cover the field.
    wcs : str, optional
        FITS header text of the instrument's image.

    Raises
    ------
    SchemaError
        If a value is missing, misshapen or impossible; the sentence says which.
    """
    values = {
        "counts": _whole(counts),
        "background": _filled(background, np.shape(counts)),
        "mask": _filled(mask, np.shape(counts)),
        "expected_counts": expected_counts,
        "effective_area": _area(effective_area, energy_edges),
        "exposure_time": float(exposure_time),
        "vignetting": vignetting,
        "psf": psf,
        "line_spread": line_spread,
        "redistribution": redistribution,
        "spatial": spatial_matrix,
        "psf_energy": psf_energy,
        "energy_edges": energy_edges,
        "channel_edges": energy_edges if channel_edges is None else channel_edges,
        "channel": channel,
        "y": y,
        "x": x,
        "y_sky": y_sky,
        "x_sky": x_sky,
    }
    sizes = (pixel_size_arcsec, sky_pixel_size_arcsec or pixel_size_arcsec)
    attrs = _attributes(instrument, role, sizes, wcs)
    given = {name: value for name, value in values.items() if value is not None}
    observation = _labelled(given, attrs)
    check_observation(observation)
    return observation


def _attributes(
    instrument: str, role: str, sizes: tuple[float, float], wcs: str | None
) -> dict[str, Any]:
    attrs = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "instrument": instrument,
        "role": role,
        "pixel_size_arcsec": float(sizes[0]),
        "sky_pixel_size_arcsec": float(sizes[1]),
    }
    return attrs if wcs is None else attrs | {"wcs": wcs}


def _whole(counts: np.ndarray) -> np.ndarray:
    """Return counts as integers where that changes nothing."""
    counts = np.asarray(counts)
    if counts.dtype.kind in "iu":
        return counts
    whole = np.isfinite(counts).all() and np.array_equal(counts, np.rint(counts))
    return counts.astype(np.int64) if whole else counts


def _filled(values: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return one value or image repeated over the whole cube."""
    if values is None:
        return None
    values = np.asarray(values)
    fits = (
        values.ndim < len(shape) and values.shape == shape[len(shape) - values.ndim :]
    )
    return np.broadcast_to(values, shape).copy() if fits else values


def _area(effective_area: np.ndarray | float, energy_edges: np.ndarray) -> np.ndarray:
    area = np.asarray(effective_area, float)
    return np.full(np.size(energy_edges) - 1, float(area)) if area.ndim == 0 else area


def _labelled(given: dict[str, Any], attrs: dict[str, Any]) -> xr.Dataset:
    """Return the Dataset of the given values, with dims, coordinates and units."""
    variables: dict[str, Any] = {}
    for name, value in given.items():
        if name == "spatial" or scipy.sparse.issparse(value):
            variables |= sparse_variables(name, value)
        elif name not in _COORDINATES:
            variables[name] = (_dims_of(name, np.ndim(value)), np.asarray(value))
    coords = _coordinates(given, attrs)
    try:
        dataset = xr.Dataset(variables, coords, attrs)
    except ValueError as error:
        raise SchemaError(_mismatch(given, error)) from error
    for key, variable in dataset.variables.items():
        units, long_name = DESCRIPTIONS[str(key)]
        variable.attrs = {"units": units, "long_name": long_name}
    return dataset


_COORDINATES = (
    "energy_edges", "channel_edges", "channel", "psf_energy",
    "y", "x", "y_sky", "x_sky",
)  # fmt: skip
_DIMS: dict[str, tuple[str, ...]] = {
    "counts": dims.COUNTS_CUBE,
    "background": dims.COUNTS_CUBE,
    "mask": dims.COUNTS_CUBE,
    "expected_counts": dims.COUNTS_CUBE,
    "effective_area": (dims.ENERGY,),
    "exposure_time": (),
    "vignetting": (dims.ENERGY, *SKY_IMAGE),
    "psf": ("psf_energy", "psf_y", "psf_x"),
    "line_spread": ("energy_offset",),
    "redistribution": (dims.CHANNEL, dims.ENERGY),
}


def _dims_of(name: str, ndim: int) -> tuple[str, ...]:
    expected = _DIMS[name]
    shorter = name in ("vignetting", "psf") and ndim == len(expected) - 1
    found = expected[1:] if shorter else expected
    if ndim != len(found):
        raise SchemaError(
            f"{name} must have dims ({', '.join(expected)}); got {ndim} dimensions."
        )
    return found


def _coordinates(given: dict[str, Any], attrs: dict[str, Any]) -> dict[str, Any]:
    n_channels, ny, nx = _cube_shape(given["counts"])
    energy_edges = np.asarray(given["energy_edges"], float)
    pixel, sky_pixel = attrs["pixel_size_arcsec"], attrs["sky_pixel_size_arcsec"]
    coords: dict[str, Any] = {
        "channel": ("channel", np.asarray(given.get("channel", np.arange(n_channels)))),
        "channel_edges": ("channel_edge", np.asarray(given["channel_edges"], float)),
        "energy": ("energy", 0.5 * (energy_edges[1:] + energy_edges[:-1])),
        "energy_edges": ("energy_edge", energy_edges),
        "y": ("y", np.asarray(given.get("y", centred_offsets(ny, pixel)), float)),
        "x": ("x", np.asarray(given.get("x", centred_offsets(nx, pixel)), float)),
    }
    if "psf_energy" in given:
        coords["psf_energy"] = ("psf_energy", np.asarray(given["psf_energy"], float))
    if "vignetting" in given or "spatial" in given:
        for axis in ("y", "x"):
            offsets = given.get(f"{axis}_sky")
            if offsets is None:
                offsets = _offsets_inside(coords[axis][1], pixel, sky_pixel)
            coords[f"{axis}_sky"] = (f"{axis}_sky", np.asarray(offsets, float))
    return coords


def _cube_shape(counts: np.ndarray) -> tuple[int, int, int]:
    if np.ndim(counts) != 3 or 0 in np.shape(counts):
        raise SchemaError(
            "counts must have dims (channel, y, x), none of them empty; "
            f"got shape {np.shape(counts)}."
        )
    n_channels, ny, nx = np.shape(counts)
    return n_channels, ny, nx


def centred_offsets(n: int, size: float) -> np.ndarray:
    """Return the centres of `n` pixels of side `size` around 0, in its units."""
    return (np.arange(n) - 0.5 * (n - 1)) * size


def _offsets_inside(centres: np.ndarray, pixel: float, sky_pixel: float) -> np.ndarray:
    """Return the centres of the sky pixels that cover the instrument's field."""
    n = max(1, round(centres.size * pixel / sky_pixel))
    return centres.mean() + centred_offsets(n, sky_pixel)


def _mismatch(given: dict[str, Any], error: ValueError) -> str:
    shapes = ", ".join(
        f"{name} {np.shape(value)}"
        for name, value in given.items()
        if np.ndim(value) > 0 and name not in ("y", "x")
    )
    return (
        f"the arrays of one observation must agree in shape; {error}. Got {shapes}; "
        "cubes are (channel, y, x) and edges have one entry more than bins."
    )


def background_of(observation: xr.Dataset) -> np.ndarray:
    """Return the expected background counts, (channel, y, x); 0 where none is given."""
    if "background" in observation:
        return np.asarray(observation["background"].values, float)
    return np.zeros(observation["counts"].shape)


def mask_of(observation: xr.Dataset) -> np.ndarray:
    """Return the voxels to use, bool (channel, y, x)."""
    if "mask" in observation:
        return np.asarray(observation["mask"].values, bool)
    return np.ones(observation["counts"].shape, bool)


def redistribution_of(
    observation: xr.Dataset,
) -> scipy.sparse.csr_array | np.ndarray | None:
    """Return the redistribution matrix (channel, energy), or None."""
    if has_sparse(observation, "redistribution"):
        shape = (observation.sizes["channel"], observation.sizes["energy"])
        return read_sparse(observation, "redistribution", shape)
    if "redistribution" in observation:
        return np.asarray(observation["redistribution"].values)
    return None


def spatial_matrix_of(observation: xr.Dataset) -> scipy.sparse.csr_array | None:
    """Return the matrix (instrument pixels, sky pixels), or None."""
    if not has_sparse(observation, "spatial"):
        return None
    sizes = observation.sizes
    shape = (sizes["y"] * sizes["x"], sizes["y_sky"] * sizes["x_sky"])
    return read_sparse(observation, "spatial", shape)
