"""One way to solve for each kind of cube: what every method offers to a fusion."""

import itertools
from collections.abc import Mapping
from typing import Any, Protocol, final

import numpy as np
import xarray as xr

from hifred.functionals.gradient_noise import gradient_noise
from hifred.functionals.image_sparsity import ImageSparsity, noise_weights
from hifred.functionals.poisson import PoissonLikelihood
from hifred.functionals.sobolev import SquaredDifferences
from hifred.fusion.assembly import Assembly
from hifred.fusion.cube_methods import LOW_RANK, CubeMethod, PaperMethod
from hifred.fusion.result import components
from hifred.fusion.settings import FusionSettings
from hifred.fusion.warm_start import initial_images, lifted_images
from hifred.solvers.interior_point import InteriorPoint, InteriorPointState
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.transforms.starlet import Starlet2D

# The noise of the gradient is averaged over these many draws with a fixed seed, so
# that the objective is the same every time.
N_NOISE_DRAWS = 8
NOISE_SEED = 0
# Relative duality gap of the first multipliers near an earlier result: 0.1 took the
# fewest iterations of 0.001 to 1.
WARM_LEVEL = 0.1


class Method(Protocol):
    """A solver with its problem, and how its state becomes a cube.

    Attributes
    ----------
    certificate_kind : str
        What the certificate of a state is.
    """

    certificate_kind: str
    solver: Any

    def start_near(self, initial: xr.Dataset) -> Any:
        """Return a first state near an earlier result."""

    def scaled_flux(self, state: Any) -> np.ndarray:
        """Return the cube (energy, y, x) of a state."""

    def extras(self, state: Any) -> xr.Dataset:
        """Return what else the result should hold."""


@final
class LowRankMethod:
    """Cubes of low rank by the interior-point solver.

    The solver's images are in units of what the component varies in the spectrometer,
    so that the squared differences of a strong and of a weak component weigh the same;
    what is read from earlier results and written to new ones is not.
    """

    certificate_kind = "relative duality gap"

    def __init__(self, assembly: Assembly) -> None:
        settings = assembly.settings
        self.basis = assembly.basis
        self.units = assembly.spreads[:, None, None]
        self.sky = assembly.sky
        basis = assembly.basis * assembly.spreads
        likelihoods = assembly.likelihoods(basis)
        penalty, sparsity = None, None
        if settings.regularizer == "lrs" and settings.mu:
            penalty = SquaredDifferences(float(settings.mu), settings.difference)
        if settings.regularizer == "lrw2d" and settings.mu:
            images = assembly.mean_images() / self.units
            sparsity = _sparsity(settings, likelihoods, images)
        problem = LowRankProblem(
            likelihoods=likelihoods,
            basis=basis,
            start=assembly.first_images() / self.units,
            penalty=penalty,
            sparsity=sparsity,
        )
        self.solver = InteriorPoint(
            problem,
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            dtype=np.dtype(settings.precision),
        )

    def start_near(self, initial: xr.Dataset) -> InteriorPointState:
        images = initial_images(initial, self.sky, self.basis)
        default = self.solver.problem.start * self.units
        near = lifted_images(images, default, self.basis) / self.units
        return self.solver.start(near, level=WARM_LEVEL)

    def scaled_flux(self, state: Any) -> np.ndarray:
        cube = np.tensordot(self.basis, self._images(state), axes=1)
        # Above zero by construction; single precision may round to just below.
        return np.asarray(np.maximum(cube, 0))

    def extras(self, state: Any) -> xr.Dataset:
        return components(self.basis, self._images(state))

    def _images(self, state: Any) -> np.ndarray:
        images = state.images.reshape(-1, *self.sky.shape[1:])
        return np.asarray(images * self.units)


def method_for(assembly: Assembly) -> Method:
    """Return the method that the settings ask for."""
    if assembly.settings.solver == "paper":
        return PaperMethod(assembly)
    if assembly.settings.regularizer in LOW_RANK:
        return LowRankMethod(assembly)
    return CubeMethod(assembly)


def _sparsity(
    settings: FusionSettings,
    likelihoods: Mapping[str, PoissonLikelihood],
    images: np.ndarray,
) -> ImageSparsity:
    """Return the l1 norm with weights in units of the gradient's noise."""
    transform = Starlet2D(images.shape, settings.space_scales)
    rng = np.random.default_rng(NOISE_SEED)
    draws = gradient_noise(likelihoods, images, rng)
    noise = list(itertools.islice(draws, N_NOISE_DRAWS))
    mu = float(settings.mu or 0)
    return ImageSparsity(transform, noise_weights(mu, transform, noise))
