"""Light that a fusion let through between regions, found in what it left over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import scipy.sparse
import xarray as xr
from scipy.ndimage import distance_transform_edt
from scipy.sparse.linalg import LinearOperator, cg

from hifred import dims
from hifred.observations import FusionInput, background_of, mask_of
from hifred.observations.observation import redistribution_of
from hifred.observations.prediction import (
    CountsModel,
    check_fused_from,
    geometry_of,
)
from hifred.operators.matrix import Dense
from hifred.operators.response import Response
from hifred.products.target_response import cube_line_spread, line_spread_matrix
from hifred.regions import SkyRegion

# Mean counts below this share of the mean of a voxel would weigh what is not there.
LEAST_MEAN = 0.02
# Of the equations, relative to their right side.
TOLERANCE = 1e-6
MOST_STEPS = 500


@final
@dataclass(frozen=True, eq=False)
class _Seen:
    """What one instrument has to say of some images.

    Parameters
    ----------
    response : Response
        From the scaled light (energy, 1, image) of images to counts.
    whole : Response
        From the scaled cube.
    counts, background, weights : (channel, y, x) arrays
        Weights are one over the variance; 0 where masked.
    """

    response: Response
    whole: Response
    counts: np.ndarray
    background: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, observation: xr.Dataset, whole: Response, images: np.ndarray,
           light: np.ndarray) -> Self:  # fmt: skip
        """Return how an observation sees unit images (image, sky pixel).

        Variances are those of `light` (energy, image). Those that a cube expects would
        follow the noise that it fitted: counts that chance to be few would weigh more.
        """
        pairs = [
            (spectral, Dense(spatial.apply_rows(images).T))
            for spectral, spatial in whole.pairs
        ]
        shape = (whole.input_shape[0], 1, len(images))
        response = Response(pairs, shape, whole.output_shape)
        background = background_of(observation)
        mean = np.maximum(response.apply(light[:, None, :]), 0) + background
        floor = max(LEAST_MEAN * float(mean.mean()), np.finfo(float).tiny)
        return cls(
            response,
            whole,
            observation["counts"].to_numpy().astype(float),
            background,
            mask_of(observation) / np.maximum(mean, floor),
        )

    def score(
        self, scaled: np.ndarray, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Return what is left over, as the images would have it, (energy, image).

        With `rng`, after counts with as much noise more.
        """
        residual = self.weights * (
            self.counts - self.background - np.maximum(self.whole.apply(scaled), 0)
        )
        if rng is not None:
            residual += np.sqrt(self.weights) * rng.standard_normal(residual.shape)
        return self.response.adjoint(residual)[:, 0, :]

    def curvature(self, light: np.ndarray) -> np.ndarray:
        """Return the second derivative of the misfit times `light` (energy, image)."""
        seen = self.response.apply(light[:, None, :])
        return self.response.adjoint(self.weights * seen)[:, 0, :]


@final
class RegionLeaks:
    r"""Corrects spectra of regions for what the prior of a fusion did to them.

    The sky is taken to be the cube plus one more spectrum for each region and one for
    the sky around it, spread as the cube's light there, under a prior that knows no
    neighbours:

    .. math::
        \hat\Delta = \arg\min_\Delta \sum_d \frac{(r_d - (H \Delta)_d)^2}{m_d}
        + \sum_i \| u_i \|^2, \qquad \Delta_i = b_i \, T \cdot (L u_i)

    with ``r`` what the cube leaves over of the counts of all instruments, ``m`` their
    expected mean, ``T`` the spectrum of all light, ``b`` the share of it that is here,
    and ``L`` the line spread, of unit norm: what is wrong at an energy may be as much
    as the light that would be here if all places had one spectrum.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    regions : sequence of SkyRegion
        On the pixels of the cube.
    fusion_input : FusionInput
        What was fused.

    Raises
    ------
    HifredError
        If the cube is not of this input.

    Notes
    -----
    A penalty moves a percent of a bright line into its neighbours: less than the noise
    of a pixel, but more than that of a region. Of a few spectra the counts alone can
    tell, as in a joint fit, but here the cube has already said how light lies within
    each region, and only the rest is spread as its image. Light around a region has a
    spectrum of its own: with one for all that is in no region, what is wrong at the rim
    of one was mended at the rims of all. There is no number to tune.
    """

    def __init__(
        self,
        result: xr.Dataset,
        regions: Sequence[SkyRegion],
        fusion_input: FusionInput,
    ) -> None:
        observations = fusion_input.observations
        flux = result["flux"].transpose(*dims.SKY_CUBE).to_numpy()
        model = CountsModel(observations, geometry_of(result))
        check_fused_from(result, model.sky_shape)
        self._exposure = model.reference_exposure
        scaled = self._scaled(flux)
        weights = np.stack([region.weights.to_numpy().ravel() for region in regions])
        shares = _shares(weights, scaled.shape[1:])
        sky = np.maximum(scaled, 0).reshape(len(scaled), -1)
        light = sky @ shares.T
        images = _unit_sums(shares * sky.sum(axis=0))
        self._seen = [
            _Seen.of(observation, model.responses[name], images, light)
            for name, observation in observations.items()
        ]
        # Images share pixels where regions overlap or cut pixels.
        self._held = weights @ images.T
        smooth = _unit_rows(_line_spreads(result, fusion_input))
        self._prior = scipy.sparse.csr_array(smooth * light.sum(axis=1)[:, None])
        self._transposed = scipy.sparse.csr_array(self._prior.T)
        self._brightness = light.sum(axis=0) / light.sum()

    def found(
        self, flux: np.ndarray, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Return what is to be added to the spectra of the regions, (region, energy).

        Parameters
        ----------
        flux : (energy, y, x) array, photon cm-2 s-1 per bin
            The fused cube, or a draw of it.
        rng : Generator, optional
            With it, a draw of the correction: what the noise of the counts leaves open.
        """
        scaled = self._scaled(flux)
        score = np.sum([seen.score(scaled, rng) for seen in self._seen], axis=0)
        right = self._whitened(score)
        if rng is not None:
            right = right + rng.standard_normal(right.shape)
        light = self._light(self._minimum(right))
        return np.asarray(self._held @ light.T / self._exposure)

    def _scaled(self, flux: np.ndarray) -> np.ndarray:
        return np.asarray(flux, dtype=float) * self._exposure[:, None, None]

    def _light(self, unknowns: np.ndarray) -> np.ndarray:
        """Return the light (energy, image) of unknowns whose prior is white."""
        return np.asarray(self._prior @ unknowns) * self._brightness

    def _whitened(self, slope: np.ndarray) -> np.ndarray:
        return np.asarray(self._transposed @ (slope * self._brightness))

    def _minimum(self, right: np.ndarray) -> np.ndarray:
        def curved(flat: np.ndarray) -> np.ndarray:
            light = self._light(flat.reshape(right.shape))
            parts = [seen.curvature(light) for seen in self._seen]
            return flat + self._whitened(np.sum(parts, axis=0)).ravel()

        operator = LinearOperator((right.size, right.size), matvec=curved, dtype=float)
        found, _ = cg(operator, right.ravel(), rtol=TOLERANCE, maxiter=MOST_STEPS)
        return np.asarray(found).reshape(right.shape)


def _shares(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return whose a sky pixel is (image, sky pixel): of regions, or around which.

    Parameters
    ----------
    weights : (region, sky pixel) array
    shape : (int, int)
        Of the sky.
    """
    distance = [
        distance_transform_edt(image.reshape(shape) == 0).ravel() for image in weights
    ]
    is_nearest = np.argmin(distance, axis=0) == np.arange(len(weights))[:, None]
    claimed = weights.sum(axis=0)
    around = is_nearest * np.clip(1 - claimed, 0, None)
    return np.vstack([weights, around]) / np.maximum(claimed, 1)


def _unit_sums(images: np.ndarray) -> np.ndarray:
    total = images.sum(axis=1, keepdims=True)
    # A dark region has nothing to be spread as.
    return np.divide(images, total, out=np.zeros_like(images), where=total > 0)


def _line_spreads(
    result: xr.Dataset, fusion_input: FusionInput
) -> scipy.sparse.csr_array | np.ndarray:
    """Return the responses to lines (energy, line): nothing finer is corrected."""
    n_energies = result.sizes[dims.ENERGY]
    kernel = cube_line_spread(result, fusion_input)
    if kernel is not None:
        return line_spread_matrix(kernel, n_energies)
    for observation in fusion_input.observations.values():
        given = redistribution_of(observation)
        if observation.attrs["role"] == "spectrometer" and given is not None:
            return given.T
    return scipy.sparse.eye_array(n_energies, format="csr")


def _unit_rows(
    matrix: scipy.sparse.csr_array | np.ndarray,
) -> scipy.sparse.csr_array:
    found = scipy.sparse.csr_array(matrix)
    norms = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return scipy.sparse.diags_array(1 / np.where(norms > 0, norms, 1)) @ found
