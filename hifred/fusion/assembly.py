"""From labelled observations to the arrays that a solver works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.functionals.poisson import PoissonLikelihood
from hifred.fusion.settings import FusionSettings
from hifred.observations import (
    SkyGrid,
    background_of,
    build_responses,
    build_sky_grid,
    mask_of,
)
from hifred.operators.response import Response
from hifred.transforms.low_rank import (
    automatic_rank,
    relative_spreads,
    spectral_basis,
)

# The first image is kept above this fraction of its mean.
SMALLEST_BRIGHTNESS = 1e-2


@dataclass(frozen=True)
class Assembly:
    """Observations, their responses and the sky grid, ready to be solved.

    Attributes
    ----------
    observations : mapping of str to Dataset
    settings : FusionSettings
    """

    observations: Mapping[str, xr.Dataset]
    settings: FusionSettings

    @cached_property
    def sky(self) -> SkyGrid:
        """Return the grid of the sky cube."""
        settings = self.settings
        return build_sky_grid(
            self.observations, settings.margin_pixels, settings.margin_channels
        )

    @cached_property
    def responses(self) -> dict[str, Response]:
        """Return one response per instrument, from scaled flux to counts."""
        return build_responses(
            self.observations,
            self.sky,
            target_resolution=self.settings.target_resolution,
            boundary=self.settings.boundary,
        )

    def likelihoods(self, basis: np.ndarray | None = None) -> dict:
        """Return one Poisson divergence per instrument, of the cube or its images.

        Parameters
        ----------
        basis : (energy, component) array, optional
            With it, the divergences take coefficient images.
        """
        return {
            name: self._likelihood(name, observation, basis)
            for name, observation in self.observations.items()
        }

    def _likelihood(
        self, name: str, observation: xr.Dataset, basis: np.ndarray | None
    ) -> PoissonLikelihood:
        response = self.responses[name]
        return PoissonLikelihood(
            response if basis is None else response.in_basis(basis),
            observation["counts"].values.astype(float),
            background_of(observation),
            mask_of(observation),
        )

    @cached_property
    def spectra(self) -> np.ndarray:
        r"""Return the spectrometers' spectra of scaled flux, (energy, n).

        .. math:: s = G^T (d - b) \; / \; G^T G 1

        which divides by the area where ``G`` is diagonal and is the matched filter
        where it is not. Energies that no channel sees take the nearest one's value.
        """
        found = [self._spectra_of(name) for name in self._names("spectrometer")]
        return np.hstack(found)

    @cached_property
    def basis(self) -> np.ndarray:
        """Return the spectra ``V`` of a cube of low rank, (energy, component)."""
        rank = self.settings.rank
        if rank == "auto":
            rank = automatic_rank(self.spectra)
        return spectral_basis(self.spectra, rank, self._line_spread())

    @cached_property
    def spreads(self) -> np.ndarray:
        """Return how much each component of the basis varies, of mean 1."""
        return relative_spreads(self.basis, self.spectra)

    @cached_property
    def brightness(self) -> np.ndarray:
        """Return a positive image, (y, x), of the scaled flux summed over energy."""
        images = [self._brightness_of(name) for name in self._names("imager")]
        mean = np.mean(images, axis=0)
        floor = SMALLEST_BRIGHTNESS * mean.mean() if mean.mean() > 0 else 1.0
        return np.maximum(mean, floor)

    def mean_images(self) -> np.ndarray:
        """Return coefficient images (component, y, x): mean spectrum x brightness."""
        spectrum = self.basis[:, 0] / self.basis[:, 0].sum()
        return np.multiply.outer(self.basis.T @ spectrum, self.brightness)

    def first_images(self) -> np.ndarray:
        """Return coefficient images (component, y, x) of a positive first cube.

        The mean spectrum times the square root of the brightness: far enough from
        every boundary, near enough to the solution.
        """
        root = np.sqrt(self.brightness)
        return self.mean_images() * (self.brightness.mean() / root.mean() / root)

    def _line_spread(self) -> np.ndarray | None:
        """Return the narrowest response to a line that the sky's spectra contain."""
        observed = [
            observation
            for observation in self.observations.values()
            if observation.attrs["role"] == "spectrometer"
        ]
        known = all("line_spread" in observation for observation in observed)
        if self.settings.target_resolution == "intrinsic" or not observed or not known:
            return None
        kernels = [observation["line_spread"].values for observation in observed]
        return max(kernels, key=lambda kernel: float(kernel.max()))

    def _names(self, role: str) -> list[str]:
        found = [n for n, o in self.observations.items() if o.attrs["role"] == role]
        return found or list(self.observations)

    def _used_counts(self, name: str) -> np.ndarray:
        observation = self.observations[name]
        counts = observation["counts"].values.astype(float)
        background, mask = background_of(observation), mask_of(observation)
        if background is not None:
            counts = counts - background
        return counts if mask is None else np.where(mask, counts, 0.0)

    def _spectra_of(self, name: str) -> np.ndarray:
        counts = self._used_counts(name)
        used = mask_of(self.observations[name])
        used = np.ones(counts.shape) if used is None else used.astype(float)
        spectral = self.responses[name].pairs[0][0]
        n_channels = len(counts)
        flat_used = used.reshape(n_channels, -1)
        seen = flat_used.any(axis=0)
        total = spectral.apply(np.ones((spectral.shape[1], 1)))
        above = spectral.adjoint(counts.reshape(n_channels, -1)[:, seen])
        below = spectral.adjoint(flat_used[:, seen] * total)
        return _divided(above, below)

    def _brightness_of(self, name: str) -> np.ndarray:
        response = self.responses[name]
        total = self._used_counts(name).sum(axis=0)
        spatial = response.pairs[0][1]
        seen = response.apply(np.ones(response.input_shape)).sum(axis=0)
        per_pixel = np.divide(total, seen, out=np.zeros_like(total), where=seen > 0)
        back = spatial.adjoint_rows(per_pixel.reshape(1, -1))
        norm = spatial.adjoint_rows(np.ones((1, per_pixel.size)))
        image = np.divide(back, norm, out=np.zeros_like(back), where=norm > 0)
        return image.reshape(self.sky.shape[1:]) * self.sky.shape[0]


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the quotient, with the nearest energy's value where `below` is 0."""
    known = np.flatnonzero((below > 0).all(axis=1))
    if known.size == 0:
        raise HifredError(
            "the spectrometer must see at least one energy in every pixel; got none. "
            "Check its mask, area and channels."
        )
    nearest = np.abs(np.arange(len(below))[:, None] - known).argmin(axis=1)
    return (above[known] / below[known])[nearest]
