"""What an observation must satisfy, each requirement with its sentence."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import SchemaError
from hifred.observations.sparse import has_sparse, read_sparse

SCHEMA = "hifred-observation"
SCHEMA_VERSION = 1
ROLES = ("imager", "spectrometer")
# Of counts that were never recorded, such as a bootstrap fits: the expected ones.
EXPECTED = "expected"

# A kernel given in single precision sums to 1 within this.
UNIT_SUM_TOLERANCE = 1e-4
# OGIP files round probabilities to single precision; a column may exceed 1 a little.
PROBABILITY_TOLERANCE = 1e-3
# Coordinates may be rounded to this fraction of a bin or pixel.
SPACING_TOLERANCE = 1e-3

REQUIRED = (
    "counts", "effective_area", "exposure_time", "channel_edges", "energy",
    "energy_edges", "y", "x",
)  # fmt: skip


def check_observation(observation: xr.Dataset) -> None:
    """Raise unless `observation` has the documented layout and possible values.

    Raises
    ------
    SchemaError
        With one sentence that names the variable and says what to do.
    """
    _check_schema(observation)
    for check in _CHECKS:
        check(observation)


def _check_schema(observation: xr.Dataset) -> None:
    found = (observation.attrs.get("schema"), observation.attrs.get("schema_version"))
    if found != (SCHEMA, SCHEMA_VERSION):
        raise SchemaError(
            f"an observation must have schema {SCHEMA!r} version {SCHEMA_VERSION}; got "
            f"{found[0]!r} version {found[1]!r}. Make it with build_observation."
        )
    missing = [name for name in REQUIRED if name not in observation.variables]
    if missing:
        raise SchemaError(f"an observation must have {missing[0]}; it is missing.")
    role = observation.attrs.get("role")
    if role not in ROLES:
        raise SchemaError(f"role must be imager or spectrometer; got {role!r}.")
    for name in ("pixel_size_arcsec", "sky_pixel_size_arcsec"):
        size = observation.attrs.get(name)
        if not (isinstance(size, int | float) and np.isfinite(size) and size > 0):
            raise SchemaError(f"{name} must be above 0 arcsec; got {size!r}.")


def _check_counts(observation: xr.Dataset) -> None:
    counts = observation["counts"]
    if counts.dims != dims.COUNTS_CUBE:
        raise SchemaError(
            f"counts must have dims (channel, y, x) in this order; got {counts.dims}."
        )
    _check_finite_not_negative(observation, "counts", "Mask bad voxels instead.")
    if observation.attrs.get("counts_kind") == EXPECTED:
        return
    values = counts.values
    if values.dtype.kind not in "iu" and not np.array_equal(values, np.rint(values)):
        first = values[values != np.rint(values)][0]
        raise SchemaError(
            f"counts must be whole numbers; got {first:g}. Give events as recorded: "
            "a rate or a background-subtracted cube is not Poisson."
        )


def _check_finite_not_negative(
    observation: xr.Dataset, name: str, advice: str = ""
) -> None:
    values = np.asarray(observation[name].values)
    if values.dtype.kind not in "iuf":
        raise SchemaError(f"{name} must be numbers; got dtype {values.dtype}.")
    for wrong in (~np.isfinite(values), values < 0):
        if wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            place = f" at {where}" if where else ""
            raise SchemaError(
                f"{name} must be finite and not negative; got "
                f"{values[wrong].flat[0]:g}{place}. {advice}".rstrip()
            )


def _check_cubes(observation: xr.Dataset) -> None:
    for name in ("background", "expected_counts", "mask"):
        if name not in observation:
            continue
        if observation[name].dims != dims.COUNTS_CUBE:
            raise SchemaError(
                f"{name} must have the dims of counts, (channel, y, x); "
                f"got {observation[name].dims}."
            )
        if name != "mask":
            _check_finite_not_negative(observation, name)
    if "mask" in observation and observation["mask"].dtype != bool:
        raise SchemaError(
            f"mask must be bool, true where a voxel is used; "
            f"got dtype {observation['mask'].dtype}."
        )


def _check_exposure(observation: xr.Dataset) -> None:
    for name, wanted in (("effective_area", (dims.ENERGY,)), ("exposure_time", ())):
        if observation[name].dims != wanted:
            raise SchemaError(
                f"{name} must have dims {wanted}; got {observation[name].dims}."
            )
        _check_finite_not_negative(observation, name)
        if not np.any(observation[name].values > 0):
            raise SchemaError(f"{name} must be above 0 somewhere; got 0.")


def _check_axes(observation: xr.Dataset) -> None:
    for bins, edges in (("channel", "channel_edges"), ("energy", "energy_edges")):
        n_bins, n_edges = observation.sizes[bins], observation[edges].size
        if n_edges != n_bins + 1:
            raise SchemaError(
                f"{edges} must have one entry more than there are bins; got {n_edges} "
                f"edges for {n_bins} {bins} bins."
            )
        _check_increasing(edges, observation[edges].values)
    if observation["energy_edges"].values[0] <= 0:
        raise SchemaError("energy_edges must be above 0 keV.")
    for axis in ("y", "x"):
        _check_even(
            axis, observation[axis].values, observation.attrs["pixel_size_arcsec"]
        )
    for axis in ("y_sky", "x_sky"):
        if axis in observation.coords:
            size = observation.attrs["sky_pixel_size_arcsec"]
            _check_even(axis, observation[axis].values, size)


def _check_increasing(name: str, values: np.ndarray) -> None:
    if not (np.isfinite(values).all() and np.all(np.diff(values) > 0)):
        raise SchemaError(f"{name} must be finite and increase; got {values}.")


def _check_even(name: str, centres: np.ndarray, size: float) -> None:
    steps = np.diff(centres)
    if not np.isfinite(centres).all() or np.any(
        np.abs(steps - size) > SPACING_TOLERANCE * size
    ):
        raise SchemaError(
            f"{name} must increase in steps of the pixel size, {size:g} arcsec; "
            f"got steps {np.unique(steps.round(6))[:3]}."
        )


def _check_kernels(observation: xr.Dataset) -> None:
    if "psf" in observation:
        _check_psf(observation)
    if "line_spread" in observation:
        _check_line_spread(observation)
    if "line_spread" in observation and _has_redistribution(observation):
        raise SchemaError("give line_spread or redistribution, not both.")
    if "psf" in observation and has_sparse(observation, "spatial"):
        raise SchemaError("give psf or spatial_matrix, not both.")


def _check_psf(observation: xr.Dataset) -> None:
    psf = observation["psf"]
    _check_finite_not_negative(observation, "psf")
    if 0 in (psf.shape[-2] % 2, psf.shape[-1] % 2):
        raise SchemaError(
            "psf must have odd side lengths, to have a centre pixel; "
            f"got shape {psf.shape}."
        )
    _check_unit_sum("psf", psf.values.sum(axis=(-2, -1)))
    if ("psf_energy" in psf.dims) != ("psf_energy" in observation.coords):
        raise SchemaError(
            "psf_energy must be given with a PSF per energy, and only then."
        )
    if "psf_energy" in psf.dims:
        _check_increasing("psf_energy", observation["psf_energy"].values)


def _check_unit_sum(name: str, sums: np.ndarray) -> None:
    wrong = np.abs(np.atleast_1d(sums) - 1) > UNIT_SUM_TOLERANCE
    if wrong.any():
        raise SchemaError(
            f"{name} must sum to 1; got {np.atleast_1d(sums)[wrong][0]:.6g}. "
            f"Divide it by its sum; losses belong to the effective area."
        )


def _check_line_spread(observation: xr.Dataset) -> None:
    kernel = observation["line_spread"].values
    _check_finite_not_negative(observation, "line_spread")
    if kernel.ndim != 1 or kernel.size % 2 == 0:
        raise SchemaError(
            "line_spread must be 1-D with an odd length, to have a centre; "
            f"got shape {kernel.shape}."
        )
    _check_unit_sum("line_spread", kernel.sum())
    widths = np.diff(observation["energy_edges"].values)
    if np.ptp(widths) > SPACING_TOLERANCE * widths.mean():
        raise SchemaError(
            "energy_edges must be evenly spaced where a line_spread is given; got bins "
            f"of {widths.min():g} to {widths.max():g} keV. Give a redistribution."
        )


def _has_redistribution(observation: xr.Dataset) -> bool:
    return "redistribution" in observation or has_sparse(observation, "redistribution")


def _check_matrices(observation: xr.Dataset) -> None:
    sizes = observation.sizes
    if has_sparse(observation, "spatial"):
        shape = (sizes["y"] * sizes["x"], sizes["y_sky"] * sizes["x_sky"])
        read_sparse(observation, "spatial", shape)
        _check_finite_not_negative(observation, "spatial_data")
    if not _has_redistribution(observation):
        return _check_channels_covered(observation)
    if has_sparse(observation, "redistribution"):
        matrix = read_sparse(
            observation, "redistribution", (sizes["channel"], sizes["energy"])
        )
        _check_finite_not_negative(observation, "redistribution_data")
        largest = matrix.sum(axis=0).max()
    else:
        _check_finite_not_negative(observation, "redistribution")
        largest = observation["redistribution"].sum("channel").values.max()
    if largest > 1 + PROBABILITY_TOLERANCE:
        raise SchemaError(
            "redistribution must hold probabilities: a column, the channels of one "
            f"energy, sums to at most 1; got {largest:.6g}. Is it transposed, or "
            "multiplied by the effective area?"
        )
    return None


def _check_channels_covered(observation: xr.Dataset) -> None:
    channels, energies = observation["channel_edges"], observation["energy_edges"]
    slack = SPACING_TOLERANCE * float(np.diff(energies.values).max())
    inside = (
        channels.values[0] >= energies.values[0] - slack
        and channels.values[-1] <= energies.values[-1] + slack
    )
    if not inside:
        raise SchemaError(
            f"channel_edges must lie within energy_edges; got channels "
            f"{channels.values[0]:g} to {channels.values[-1]:g} keV and energies "
            f"{energies.values[0]:g} to {energies.values[-1]:g} keV."
        )


def _check_vignetting(observation: xr.Dataset) -> None:
    if "vignetting" not in observation:
        return
    _check_finite_not_negative(observation, "vignetting")
    largest = float(observation["vignetting"].max())
    if largest > 1 + UNIT_SUM_TOLERANCE:
        raise SchemaError(
            f"vignetting must be between 0 and 1; got {largest:g}. "
            "Put the area on axis into effective_area."
        )


_CHECKS: tuple[Callable[[xr.Dataset], None], ...] = (
    _check_axes,
    _check_counts,
    _check_cubes,
    _check_exposure,
    _check_kernels,
    _check_matrices,
    _check_vignetting,
)
