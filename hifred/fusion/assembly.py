"""From labelled observations to the arrays that a solver works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

import numpy as np
import pydantic
import xarray as xr

from hifred.errors import HifredError
from hifred.functionals.poisson import PoissonLikelihood
from hifred.fusion.brightness import SeenBrightness
from hifred.fusion.unseen_energies import continued, faded
from hifred.observations import (
    SkyGrid,
    background_of,
    build_responses,
    build_sky_grid,
    mask_of,
)
from hifred.operators.response import Response
from hifred.settings import Whole
from hifred.transforms.mirror import bright_side_first

# The first image is kept above this fraction of its mean.
SMALLEST_BRIGHTNESS = 1e-2
# So is the first spectrum.
FAINTEST_ENERGY = 1e-3
# Of the halves of the events.
HALVES_SEED = 0


class SkySettings(pydantic.BaseModel):
    """The cube that is wanted: its resolution, and what lies beyond the data."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    target_resolution: Literal["matched", "as_given", "intrinsic"] = pydantic.Field(
        "matched",
        description="Resolution of the cube: the imager's in space and the "
        "spectrometer's in energy; the same, ignoring these two kernels; or infinite.",
    )
    boundary: Literal["zero", "reflect"] = pydantic.Field(
        "zero", description="The sky beyond its margin: empty, or mirrored."
    )
    margin_pixels: Whole = pydantic.Field(
        0, ge=0, description="Sky pixels beyond the field of view."
    )
    margin_channels: Whole = pydantic.Field(
        0, ge=0, description="Energy bins beyond the band."
    )


@final
@dataclass(frozen=True)
class Assembly:
    """Observations, their responses and the sky grid, ready to be solved.

    Attributes
    ----------
    observations : mapping of str to Dataset
    settings : SkySettings
    """

    observations: Mapping[str, xr.Dataset]
    settings: SkySettings

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

    @cached_property
    def likelihoods(self) -> dict[str, PoissonLikelihood]:
        """Return one Poisson divergence per instrument, of the cube."""
        return self._likelihoods(self.responses)

    def likelihoods_in(self, basis: np.ndarray) -> dict[str, PoissonLikelihood]:
        """Return one Poisson divergence per instrument, of coefficient images.

        Parameters
        ----------
        basis : (energy, component) array
            The spectra that the images belong to.
        """
        return self._likelihoods(
            {name: r.in_basis(basis) for name, r in self.responses.items()}
        )

    def _likelihoods(
        self, responses: Mapping[str, Response]
    ) -> dict[str, PoissonLikelihood]:
        return {
            name: PoissonLikelihood(
                responses[name],
                observation["counts"].values.astype(float),
                background_of(observation),
                mask_of(observation),
            )
            for name, observation in self.observations.items()
        }

    @cached_property
    def spectra(self) -> np.ndarray:
        r"""Return the spectrometers' spectra of scaled flux, (energy, n).

        .. math:: s = G^T (d - b) \; / \; G^T G 1

        which divides by the area where ``G`` is diagonal and is the matched filter
        where it is not. At energies that no channel sees they are `continued`.
        """
        n_energies = self.sky.shape[0]
        seen = [
            self._seen_spectra(name, self._used_counts(name))
            for name in self.spectrometers
        ]
        return np.hstack([continued(*pair, n_energies) for pair in seen])

    @cached_property
    def spectra_noise(self) -> np.ndarray:
        """Return noise alone, as strong as that of `spectra`, (energy, n).

        The difference of two random halves of the events has no signal. The halves are
        the same every time, and mirrored with the counts.
        """
        n_energies = self.sky.shape[0]
        seen = [
            self._seen_spectra(name, self._difference_of_halves(name, [HALVES_SEED, i]))
            for i, name in enumerate(sorted(self.spectrometers))
        ]
        return np.hstack([faded(*pair, n_energies) for pair in seen])

    def split_spectra(self, n_parts: int, seed: int) -> list[np.ndarray]:
        """Return `spectra` (energy, n) of random shares of the events.

        Each event is in one of them; each is as strong as all together.
        """
        n_energies = self.sky.shape[0]
        names = sorted(self.spectrometers)
        counts = [self._split(n, n_parts, [seed, i]) for i, n in enumerate(names)]
        return [
            np.hstack(
                [
                    continued(*self._seen_spectra(name, part), n_energies)
                    for name, part in zip(names, parts, strict=True)
                ]
            )
            for parts in zip(*counts, strict=True)
        ]

    @cached_property
    def brightness(self) -> np.ndarray:
        """Return a positive image (y, x) of scaled flux; see `SeenBrightness`."""
        image = self._seen_image
        floor = SMALLEST_BRIGHTNESS * image.mean() if image.mean() > 0 else 1.0
        return np.asarray(np.maximum(image, floor))

    @property
    def imagers(self) -> list[str]:
        """Return the names of the instruments that `brightness` is seen by."""
        return self._names("imager")

    @property
    def spectrometers(self) -> list[str]:
        """Return the names of the instruments that `spectra` are of."""
        return self._names("spectrometer")

    def image_of(self, counts: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the image (y, x) that counts of all `imagers` show; see `brightness`.

        It is linear in the counts, which are those less background.
        """
        return self._seen.image([counts[n] for n in self.imagers])

    def brightness_slopes(self, slope: np.ndarray) -> dict[str, np.ndarray]:
        """Return the derivatives of a function of the brightness by the counts.

        Parameters
        ----------
        slope : (y, x) array
            Its derivative by the brightness.

        Returns
        -------
        dict of str to (channel, y, x) array
            Of the instruments that show the brightness.
        """
        is_seen = self._seen_image == self.brightness
        slopes = self._seen.slopes(np.where(is_seen, slope, 0))
        return dict(zip(self.imagers, slopes, strict=True))

    @cached_property
    def _seen(self) -> SeenBrightness:
        imagers = [
            (self.responses[n], mask_of(self.observations[n])) for n in self.imagers
        ]
        return SeenBrightness(imagers, self.sky.shape[1:])

    @cached_property
    def _seen_image(self) -> np.ndarray:
        return self.image_of({n: self._used_counts(n) for n in self.imagers})

    @cached_property
    def first_cube(self) -> np.ndarray:
        """Return a positive cube (energy, y, x): mean spectrum times brightness."""
        spectrum = np.maximum(self.spectra.mean(axis=1), 0)
        mean = spectrum.mean() if spectrum.mean() > 0 else 1.0
        spectrum = np.maximum(spectrum, FAINTEST_ENERGY * mean)
        return np.asarray(np.multiply.outer(spectrum / spectrum.sum(), self.brightness))

    @cached_property
    def line_spread(self) -> np.ndarray | None:
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
        names = [n for n, o in self.observations.items() if o.attrs["role"] == role]
        return names or list(self.observations)

    def _used_counts(self, name: str) -> np.ndarray:
        observation = self.observations[name]
        counts = observation["counts"].values.astype(float) - background_of(observation)
        return np.where(mask_of(observation), counts, 0.0)

    def _difference_of_halves(self, name: str, seed: list[int]) -> np.ndarray:
        observation = self.observations[name]
        used = np.where(mask_of(observation), observation["counts"].values, 0)
        mirror = bright_side_first(used.sum(axis=0))
        counts = used.astype(np.int64)[:, *mirror]
        half = np.random.default_rng(seed).binomial(counts, 0.5)
        return (2.0 * half - counts)[:, *mirror]

    def _split(self, name: str, n_parts: int, seed: list[int]) -> list[np.ndarray]:
        """Return counts less background of shares of the events, times `n_parts`."""
        observation = self.observations[name]
        used = mask_of(observation)
        left = np.where(used, observation["counts"].values, 0).astype(np.int64)
        background = np.where(used, background_of(observation), 0)
        rng, parts = np.random.default_rng(seed), []
        for n_left in range(n_parts, 0, -1):
            drawn = rng.binomial(left, 1 / n_left)
            left = left - drawn
            parts.append(n_parts * drawn - background)
        return parts

    def _seen_spectra(
        self, name: str, counts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return spectra (known, n) at the energies that channels see, and which."""
        used = mask_of(self.observations[name]).astype(float)
        spectral = self.responses[name].pairs[0][0]
        n_channels = len(counts)
        flat_used = used.reshape(n_channels, -1)
        seen = flat_used.any(axis=0)
        total = spectral.apply(np.ones((spectral.shape[1], 1)))
        above = spectral.adjoint(counts.reshape(n_channels, -1)[:, seen])
        below = spectral.adjoint(flat_used[:, seen] * total)
        return _divided(above, below)


def _divided(above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the quotient, and where it is known: `below` is above 0."""
    known = np.flatnonzero((below > 0).all(axis=1))
    if known.size == 0:
        raise HifredError(
            "the spectrometer must see at least one energy in every pixel; got none. "
            "Check its mask, area and channels."
        )
    return above[known] / below[known], known
