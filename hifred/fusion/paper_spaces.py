"""Where the paper's iterations move: all cubes, or the images of few spectra."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import final

import numpy as np
import xarray as xr

from hifred.functionals.poisson import PoissonLikelihood
from hifred.fusion.assembly import Assembly
from hifred.fusion.result import components
from hifred.fusion.subspace import Subspace
from hifred.fusion.warm_start import initial_cube, initial_images
from hifred.solvers.paper import clip_cube, clip_images, spread_evenly


class PaperSpace(ABC):
    """Estimates of one kind: what they are to the data, and how they are clipped.

    Attributes
    ----------
    first_guess : array
        The estimate to start from.
    likelihoods : dict of str to PoissonLikelihood
        One per instrument, of an estimate.
    clip : callable
        Makes the cube of an estimate positive.
    """

    first_guess: np.ndarray
    likelihoods: dict[str, PoissonLikelihood]
    clip: Callable[[np.ndarray], np.ndarray]

    @abstractmethod
    def estimate_of(self, initial: xr.Dataset) -> np.ndarray:
        """Return the estimate of an earlier result."""

    @abstractmethod
    def cube(self, estimate: np.ndarray) -> np.ndarray:
        """Return the cube (energy, y, x) of an estimate."""

    @abstractmethod
    def parts(self, estimate: np.ndarray) -> xr.Dataset:
        """Return what the result holds beside the cube."""


@final
class AllCubes(PaperSpace):
    """Estimates are cubes (energy, y, x): Algorithm 2."""

    def __init__(self, assembly: Assembly, dtype: np.dtype) -> None:
        self._sky = assembly.sky
        self.first_guess = _evenly_spread(assembly).astype(dtype)
        self.likelihoods = assembly.likelihoods
        self.clip = clip_cube

    def estimate_of(self, initial: xr.Dataset) -> np.ndarray:
        return initial_cube(initial, self._sky)

    def cube(self, estimate: np.ndarray) -> np.ndarray:
        return estimate

    def parts(self, estimate: np.ndarray) -> xr.Dataset:
        return xr.Dataset()


@final
class ImagesOfSpectra(PaperSpace):
    """Estimates are coefficient images (component, y, x): Algorithm 1."""

    def __init__(self, subspace: Subspace, dtype: np.dtype) -> None:
        self._sky = subspace.assembly.sky
        self._basis = subspace.basis.astype(dtype)
        self.first_guess = self._first_guess_in(subspace).astype(dtype)
        self.likelihoods = subspace.assembly.likelihoods_in(self._basis)
        self.clip = clip_images(self._basis)

    def estimate_of(self, initial: xr.Dataset) -> np.ndarray:
        return initial_images(initial, self._sky, self._basis)

    def cube(self, estimate: np.ndarray) -> np.ndarray:
        flat = estimate.reshape(len(estimate), -1)
        return np.asarray(np.maximum(self._basis @ flat, 0).reshape(self._sky.shape))

    def parts(self, estimate: np.ndarray) -> xr.Dataset:
        return components(self._basis, estimate)

    def _first_guess_in(self, subspace: Subspace) -> np.ndarray:
        cube = _evenly_spread(subspace.assembly)
        images = np.tensordot(self._basis.T, cube, axes=1)
        # The projection on few spectra may leave negative models, which no step from
        # there can mend; mean spectrum times brightness never does.
        spread = np.tensordot(self._basis, images, axes=1)
        return images if spread.min() > 0 else subspace.mean_images


def _evenly_spread(assembly: Assembly) -> np.ndarray:
    """Return the imager's counts spread over energies, in units of scaled flux."""
    for name, observation in assembly.observations.items():
        response = assembly.responses[name]
        on_the_sky = response.output_shape[1:] == response.input_shape[1:]
        if observation.attrs["role"] == "imager" and on_the_sky:
            seen = response.apply(np.ones(response.input_shape))
            counts = observation["counts"].values.astype(float)
            least = 1e-6 * seen.max()
            flux = np.where(seen > least, counts / np.maximum(seen, least), 0)
            share = np.ones_like(counts)
            n_energies = response.input_shape[0]
            spread = spread_evenly(flux, n_energies) / spread_evenly(share, n_energies)
            # Without a photon in any of the energies a gradient has no value.
            return np.asarray(
                np.maximum(spread, 1e-3 * max(float(spread.mean()), 1e-30))
            )
    return assembly.first_cube
