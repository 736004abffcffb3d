"""A cube to draw, whatever its unit, and its bands and regions in one common unit."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from astropy.stats import poisson_conf_interval

from hifred.plots.regions import Region
from hifred.plots.summed_draws import summed_energies, summed_pixels
from hifred.posterior import Draws


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Mean surface brightness of a region against energy.

    Parameters
    ----------
    edges : (bin + 1,) array, keV
    values, lower, upper : (bin,) arrays, photon cm-2 s-1 keV-1 arcsec-2
        The value and the ends of its central 68.3 % interval; both ends equal the
        value where no error is known.
    """

    edges: np.ndarray
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def energy(self) -> np.ndarray:
        """Bin centres, keV."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def has_errors(self) -> bool:
        """Whether an error is known anywhere."""
        return bool(np.any(self.upper > self.lower))


@dataclass(frozen=True, eq=False)
class Layer:
    """One cube, with what turns it into surface brightness.

    Counts are divided by exposure time, area, bin width and pixel area, after the
    expected background is taken off: a picture of the data in the sky's unit, not a
    deconvolution. All layers can so share one scale.

    Parameters
    ----------
    label : str
        Name in titles and legends.
    role : str
        Key of `hifred.plots.style.ROLE_COLOURS`.
    values : (bin, y, x) array, count or photon cm-2 s-1
    edges : (bin + 1,) array, keV
    y, x : (y,) and (x,) arrays, arcsec
        Pixel centres, increasing.
    exposure : (bin,) array, cm2 s, or None
        Exposure time times effective area of each bin; None if `values` is a flux.
    background : (bin, y, x) array, count, or None
    deviation : (bin, y, x) array, unit of `values`, or None
        Standard deviation, such as a bootstrap gives, of a layer that is no counts;
        voxels are taken as independent.
    draws : Draws or None
        Of a layer that is no counts, instead of `deviation`: sums are taken in each.
    used : (bin, y, x) array of bool, or None
        Voxels that were not masked; None if all are used.
    """

    label: str
    role: str
    values: np.ndarray
    edges: np.ndarray
    y: np.ndarray
    x: np.ndarray
    exposure: np.ndarray | None = None
    background: np.ndarray | None = None
    deviation: np.ndarray | None = None
    used: np.ndarray | None = None
    draws: Draws | None = None

    @property
    def is_counts(self) -> bool:
        """Whether the values are counts, with Poisson errors."""
        return self.exposure is not None

    @property
    def pixel_sides(self) -> tuple[float, float]:
        """Sides of one pixel along y and x, arcsec."""
        return _step(self.y), _step(self.x)

    @property
    def pixel_area(self) -> float:
        """Solid angle of one pixel, arcsec2."""
        return self.pixel_sides[0] * self.pixel_sides[1]

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Outer edges ``(left, right, bottom, top)``, arcsec."""
        half_y, half_x = _step(self.y) / 2, _step(self.x) / 2
        return (
            float(self.x[0] - half_x),
            float(self.x[-1] + half_x),
            float(self.y[0] - half_y),
            float(self.y[-1] + half_y),
        )

    @property
    def energy_range(self) -> tuple[float, float]:
        """First and last edge, keV."""
        return float(self.edges[0]), float(self.edges[-1])

    def has_grid_of(self, other: "Layer") -> bool:
        """Whether the bins and pixels of another layer are the same."""
        pairs = ((self.edges, other.edges), (self.y, other.y), (self.x, other.x))
        return all(
            own.shape == theirs.shape and bool(np.allclose(own, theirs))
            for own, theirs in pairs
        )

    def bins(self, band: tuple[float, float]) -> slice:
        """Return the bins whose centres lie in `band` (keV), at least the nearest."""
        centres = (self.edges[1:] + self.edges[:-1]) / 2
        first = int(np.searchsorted(centres, band[0], side="left"))
        last = int(np.searchsorted(centres, band[1], side="right"))
        if last <= first:
            first = int(np.argmin(np.abs(centres - sum(band) / 2)))
            last = first + 1
        return slice(first, last)

    def native_image(self, band: tuple[float, float]) -> np.ndarray:
        """Return the sum over a band, (y, x), in the layer's own unit."""
        chosen = self.values[self.bins(band)]
        return np.asarray(chosen.sum(axis=0, dtype=np.float64))

    def image(self, band: tuple[float, float]) -> np.ndarray:
        """Return the mean surface brightness of a band, (y, x)."""
        return self._image_of(self.values, band)

    def _image_of(self, values: np.ndarray, band: tuple[float, float]) -> np.ndarray:
        bins = self.bins(band)
        scale = self._photons_per_unit()[bins]
        total = _weighted_sum(scale, values[bins])
        if self.background is not None:
            total = total - _weighted_sum(scale, self.background[bins])
        width = self.edges[bins.stop] - self.edges[bins.start]
        return np.asarray(total / (width * self.pixel_area))

    def image_error(self, band: tuple[float, float]) -> np.ndarray | None:
        """Return the standard error of `image`, (y, x); None where it is not known."""
        bins = self.bins(band)
        width = self.edges[bins.stop] - self.edges[bins.start]
        if self.draws is not None:
            total = summed_energies(self.draws, bins).standard_error(lambda c: c[0])
            return total.to_numpy() / (width * self.pixel_area)
        if not self.is_counts:
            return None
        squares = self._photons_per_unit()[bins] ** 2
        variance = _weighted_sum(squares, self.values[bins])
        return np.asarray(np.sqrt(variance) / (width * self.pixel_area))

    def spectrum(
        self, region: Region | np.ndarray | None, *, group: int = 1
    ) -> Spectrum:
        """Return the mean spectrum of a region.

        Parameters
        ----------
        region : Region, (y, x) array or None
            An array says which share of each pixel lies in the region; None is all.
        group : int
            Neighbouring bins that are joined.

        Notes
        -----
        The Poisson interval is that of the sum of counts; counts of pixels that lie in
        the region in part are not whole, which it does not know.
        """
        starts = self._starts(group)
        total = self._grouped_sum(self.values, region, starts)
        lower, upper = self._interval(total, region, starts)
        shift: np.ndarray | float = 0.0
        if self.background is not None:
            shift = self._grouped_sum(self.background, region, starts)
        return self._mean_spectrum(
            (total - shift, lower - shift, upper - shift), region, starts
        )

    def mean_spectrum(
        self, total: np.ndarray, region: Region | np.ndarray | None, *, group: int = 1
    ) -> Spectrum:
        """Return the mean spectrum of a region from its sum, without errors.

        Parameters
        ----------
        total : (bin,) array
            In the layer's own unit, see `total`.
        region, group
            As for `spectrum`.
        """
        starts = self._starts(group)
        joined = np.add.reduceat(total, starts)
        return self._mean_spectrum((joined, joined, joined), region, starts)

    def _starts(self, group: int) -> np.ndarray:
        return np.arange(0, len(self.edges) - 1, group)

    def _mean_spectrum(
        self,
        sums: tuple[np.ndarray, np.ndarray, np.ndarray],
        region: Region | np.ndarray | None,
        starts: np.ndarray,
    ) -> Spectrum:
        """Return a spectrum from sums over joined bins: values, and both ends."""
        edges = np.append(self.edges[starts], self.edges[-1])
        size = self._summed(np.ones((1, self.y.size, self.x.size)), region)[0]
        unit = self._photons_per_unit()
        scale = np.add.reduceat(unit, starts) / np.diff(np.append(starts, unit.size))
        scale = scale / (np.diff(edges) * size * self.pixel_area)
        return Spectrum(edges, *(np.asarray(part * scale) for part in sums))

    def _photons_per_unit(self) -> np.ndarray:
        if self.exposure is None:
            return np.ones(self.values.shape[0])
        return 1.0 / np.maximum(self.exposure, 1e-30)

    def total(self, region: Region | np.ndarray | None) -> np.ndarray:
        """Return the sum over a region, (bin,), in the layer's own unit."""
        return self._summed(self.values, region)

    def _summed(
        self, cube: np.ndarray, region: Region | np.ndarray | None
    ) -> np.ndarray:
        if isinstance(region, np.ndarray):
            rows, columns = (_reach(np.any(region, axis=axis)) for axis in (1, 0))
            shares = region[rows, columns].astype(np.float64)
            part = cube[:, rows, columns]
            return np.asarray(np.einsum("eyx,yx->e", part, shares))
        rows, columns = slice(None), slice(None)
        if region is not None:
            rows, columns = region.slices(self.y, self.x)
        return np.asarray(cube[:, rows, columns].sum(axis=(1, 2), dtype=np.float64))

    def _grouped_sum(
        self, cube: np.ndarray, region: Region | np.ndarray | None, starts: np.ndarray
    ) -> np.ndarray:
        return np.asarray(np.add.reduceat(self._summed(cube, region), starts))

    def _interval(
        self, total: np.ndarray, region: Region | np.ndarray | None, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.is_counts:
            lower, upper = poisson_conf_interval(
                np.maximum(total, 0), interval="frequentist-confidence"
            )
            return np.asarray(lower), np.asarray(upper)
        if self.draws is not None:
            return self._drawn_interval(self.draws, region, starts)
        if self.deviation is None:
            return total, total
        if isinstance(region, np.ndarray):
            region = region**2
        squares = self._grouped_sum(self.deviation**2, region, starts)
        return total - np.sqrt(squares), total + np.sqrt(squares)

    def _drawn_interval(
        self, draws: Draws, region: Region | np.ndarray | None, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        weights: np.ndarray | float = 1.0
        if isinstance(region, Region):
            rows, columns = region.slices(self.y, self.x)
            draws = Draws(draws.data.isel(y=rows, x=columns))
        elif region is not None:
            weights = region
        lower, upper = summed_pixels(draws, weights).interval(
            lambda cube: np.add.reduceat(cube.to_numpy()[:, 0, 0], starts)
        )
        return lower.to_numpy(), upper.to_numpy()


def flux_layer(
    dataset: xr.Dataset,
    *,
    label: str,
    role: str,
    deviation: np.ndarray | None = None,
    draws: Draws | None = None,
) -> Layer:
    """Return the layer of a sky cube: a truth or the result of a fusion.

    Parameters
    ----------
    dataset : Dataset with flux (energy, y, x) and energy_edges
    label, role : str
        Name in titles and key of the colours.
    deviation : (energy, y, x) array, photon cm-2 s-1, optional
        Standard deviation of the flux.
    draws : Draws, optional
        Of the same cube, instead: spectra have the interval of the draws as a band.
    """
    return Layer(
        label=label,
        role=role,
        values=dataset["flux"].to_numpy(),
        edges=energy_edges(dataset),
        y=dataset["y"].to_numpy(),
        x=dataset["x"].to_numpy(),
        deviation=deviation,
        draws=draws,
    )


def truth_layer(truth: xr.Dataset) -> Layer:
    """Return the layer of a truth."""
    return flux_layer(truth, label="truth", role="truth")


def fusion_layer(
    result: xr.Dataset, *, label: str = "fusion", draws: Draws | None = None
) -> Layer:
    """Return the layer of a fused cube; draws of it give its spectra errors."""
    return flux_layer(result, label=label, role="fusion", draws=draws)


def counts_layer(observation: xr.Dataset, *, label: str | None = None) -> Layer:
    """Return the layer of an observation's counts; masked voxels count as empty."""
    counts = observation["counts"].to_numpy()
    used = observation["mask"].to_numpy() if "mask" in observation else None
    if used is not None:
        counts = np.where(used, counts, 0)
    background = observation.get("background")
    role = str(observation.attrs.get("role", "imager"))
    name = str(observation.attrs.get("instrument", role))
    return Layer(
        label=label or (role if name == role else f"{name} ({role})"),
        role=role,
        values=counts,
        edges=observation["channel_edges"].to_numpy(),
        y=observation["y"].to_numpy(),
        x=observation["x"].to_numpy(),
        exposure=channel_exposure(observation),
        background=None if background is None else background.to_numpy(),
        used=used,
    )


def counts_layers(observations: Mapping[str, xr.Dataset]) -> dict[str, Layer]:
    """Return the layers of observations; those of one name are called by their key."""
    layers = {key: counts_layer(data) for key, data in observations.items()}
    n_of = Counter(layer.label for layer in layers.values())
    return {
        key: replace(layer, label=f"{key} ({layer.role})")
        if n_of[layer.label] > 1
        else layer
        for key, layer in layers.items()
    }


def channel_exposure(observation: xr.Dataset) -> np.ndarray:
    """Return exposure time times the mean effective area in each channel, cm2 s."""
    energy_limits = energy_edges(observation)
    area = observation["effective_area"].to_numpy()
    collected = np.append(0.0, np.cumsum(area * np.diff(energy_limits)))
    channel_limits = observation["channel_edges"].to_numpy()
    inside = np.clip(channel_limits, energy_limits[0], energy_limits[-1])
    width = np.diff(inside)
    centres = (channel_limits[1:] + channel_limits[:-1]) / 2
    at_centre = np.interp(centres, (energy_limits[1:] + energy_limits[:-1]) / 2, area)
    mean = np.diff(np.interp(inside, energy_limits, collected))
    area_of_channel = np.divide(mean, width, out=at_centre, where=width > 0)
    return np.asarray(area_of_channel * float(observation["exposure_time"]))


def energy_edges(dataset: xr.Dataset) -> np.ndarray:
    """Return the edges of the energy bins, keV; halfway between centres if unsaid."""
    if "energy_edges" in dataset.variables:
        return dataset["energy_edges"].to_numpy()
    energy = dataset["energy"].to_numpy()
    half = _step(energy) / 2
    return np.append(energy - half, energy[-1] + half)


def _weighted_sum(weights: np.ndarray, cube: np.ndarray) -> np.ndarray:
    """Return the sum over the first axis, in double precision and without a copy."""
    return np.asarray(np.einsum("e,eyx->yx", weights, cube))


def _reach(has_any: Any) -> slice:
    """Return the rows or columns between the first and the last that have any."""
    places = np.flatnonzero(has_any)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def _step(centres: np.ndarray) -> float:
    return float(centres[1] - centres[0]) if len(centres) > 1 else 1.0
