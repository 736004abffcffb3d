"""Free cubes by the primal-dual solver, and every cube by the paper's algorithms."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np
import xarray as xr

from hifred.functionals.poisson import PoissonLikelihood
from hifred.functionals.sobolev import SquaredDifferences
from hifred.functionals.sparse_cube import SparseCube, plane_noise
from hifred.functionals.sparsity import (
    CubeThreshold,
    ImageThreshold,
    VaryingCubeThreshold,
    varying_strength,
)
from hifred.fusion.assembly import Assembly
from hifred.fusion.result import components
from hifred.fusion.warm_start import initial_cube, initial_images, lifted_cube
from hifred.solvers.paper import (
    PaperSettings,
    PaperSolver,
    PaperState,
    clip_cube,
    clip_images,
    spread_evenly,
)
from hifred.solvers.primal_dual import CubeProblem, PrimalDual, in_precision
from hifred.solvers.primal_dual_state import PrimalDualState
from hifred.transforms.starlet import Starlet2D, Starlet2D1D

# The first spectrum is kept above this fraction of its mean.
FAINTEST_ENERGY = 1e-3
# The curvature of the likelihood is estimated by this many products.
POWER_ITERATIONS = 20
LOW_RANK = ("low_rank", "lrs", "lrw2d")


def first_cube(assembly: Assembly) -> np.ndarray:
    """Return a positive cube (energy, y, x): mean spectrum times brightness."""
    spectrum = np.maximum(assembly.spectra.mean(axis=1), 0)
    mean = spectrum.mean() if spectrum.mean() > 0 else 1.0
    spectrum = np.maximum(spectrum, FAINTEST_ENERGY * mean)
    return np.multiply.outer(spectrum / spectrum.sum(), assembly.brightness)


@final
class CubeMethod:
    """Free cubes by the primal-dual solver."""

    certificate_kind = (
        "relative duality gap, proven or (no proof) to cubes nowhere brighter"
    )

    def __init__(self, assembly: Assembly) -> None:
        settings = assembly.settings
        likelihoods = assembly.likelihoods()
        start = first_cube(assembly)
        penalty = None
        if settings.regularizer == "w2d1d" and settings.mu:
            penalty = _sparse_cube(assembly, likelihoods, start)
        self._settings, self._sky = settings, assembly.sky
        problem = CubeProblem(likelihoods, start.astype(settings.precision), penalty)
        self.solver = self._solver_of(problem)

    def _solver_of(self, problem: CubeProblem) -> PrimalDual:
        settings = self._settings
        return PrimalDual(
            problem,
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            dtype=np.dtype(settings.precision),
        )

    def start_near(self, initial: xr.Dataset) -> PrimalDualState:
        cube = initial_cube(initial, self._sky)
        problem = self.solver.problem
        near = lifted_cube(cube, problem.start)
        # Only its first state depends on where a solver starts.
        return self._solver_of(replace(problem, start=near)).start()

    def scaled_flux(self, state: Any) -> np.ndarray:
        return state.cube

    def extras(self, state: Any) -> xr.Dataset:
        return xr.Dataset()


def _sparse_cube(
    assembly: Assembly,
    likelihoods: Mapping[str, PoissonLikelihood],
    reference: np.ndarray,
) -> SparseCube:
    settings = assembly.settings
    transform = _transform(assembly)
    noise = plane_noise(likelihoods, reference, transform)
    if settings.mu == "varying":
        strength = varying_strength(transform.coarse(reference))
        return SparseCube(transform, noise, strength)
    return SparseCube(transform, noise, float(settings.mu or 0))


def _transform(assembly: Assembly) -> Starlet2D1D:
    settings = assembly.settings
    shape: Any = assembly.sky.shape
    return Starlet2D1D(shape, settings.space_scales, settings.energy_scales)


@final
class PaperMethod:
    """Every regulariser by the paper's algorithms, for comparison."""

    certificate_kind = "relative change of the data terms"

    def __init__(self, assembly: Assembly) -> None:
        self.solver = self
        self._basis = None
        self._sky = assembly.sky
        dtype = np.dtype(assembly.settings.precision)
        if assembly.settings.regularizer in LOW_RANK:
            self._basis = assembly.basis.astype(dtype)
        self._first_guess = self._first_guess_of(assembly).astype(dtype)
        self._solver = self._solver_of(assembly, dtype)

    def start(self) -> PaperState:
        """Return the state before the first step."""
        return self._solver.start(self._first_guess)

    def start_near(self, initial: xr.Dataset) -> PaperState:
        """Return the state before the first step from the estimate of `initial`."""
        if self._basis is None:
            estimate = initial_cube(initial, self._sky)
        else:
            estimate = initial_images(initial, self._sky, self._basis)
        return self._solver.start(estimate.astype(self._first_guess.dtype))

    def step(self, state: PaperState) -> PaperState:
        """Return the next state."""
        return self._solver.step(state)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> PaperState:
        """Return the state that `PaperState.arrays` came from."""
        return PaperState.restore(arrays)

    def scaled_flux(self, state: PaperState) -> np.ndarray:
        if self._basis is None:
            return state.estimate
        flat = state.estimate.reshape(len(state.estimate), -1)
        return np.maximum(self._basis @ flat, 0).reshape(-1, *self._sky.shape[1:])

    def extras(self, state: PaperState) -> xr.Dataset:
        if self._basis is None:
            return xr.Dataset()
        return components(self._basis, state.estimate)

    def _first_guess_of(self, assembly: Assembly) -> np.ndarray:
        cube = _evenly_spread(assembly)
        if self._basis is None:
            return cube
        images = np.tensordot(self._basis.T, cube, axes=1)
        # The projection on few spectra may leave negative models, which no step from
        # there can mend; mean spectrum times brightness never does.
        spread = np.tensordot(self._basis, images, axes=1)
        return images if spread.min() > 0 else assembly.mean_images()

    def _solver_of(self, assembly: Assembly, dtype: np.dtype) -> PaperSolver:
        settings = assembly.settings
        likelihoods = {
            name: in_precision(likelihood, dtype)
            for name, likelihood in assembly.likelihoods(self._basis).items()
        }
        smooth = threshold = None
        if settings.regularizer == "lrs":
            smooth = SquaredDifferences(float(settings.mu or 0), settings.difference)
        if settings.regularizer in ("lrw2d", "w2d1d"):
            threshold = self._threshold(assembly)
        step_size = settings.step_size or _step_size(likelihoods, self._first_guess)
        return PaperSolver(
            likelihoods,
            clip_cube if self._basis is None else clip_images(self._basis),
            smooth=smooth,
            threshold=threshold,
            settings=PaperSettings(
                step_size, settings.tolerance, settings.max_iterations
            ),
        )

    def _threshold(self, assembly: Assembly) -> Any:
        settings = assembly.settings
        if settings.mu == "varying":
            return VaryingCubeThreshold(_transform(assembly))
        strength = float(settings.mu or 0)
        if settings.regularizer == "w2d1d":
            return CubeThreshold(_transform(assembly), strength)
        shape: Any = self._first_guess.shape
        return ImageThreshold(Starlet2D(shape, settings.space_scales), strength)


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
            return np.maximum(spread, 1e-3 * max(float(spread.mean()), 1e-30))
    return first_cube(assembly)


def _step_size(
    likelihoods: Mapping[str, PoissonLikelihood], first_guess: np.ndarray
) -> float:
    """Return one over the curvature of the likelihood at the first guess."""
    x = np.random.default_rng(0).standard_normal(first_guess.shape)
    x = x.astype(first_guess.dtype)
    weights = {
        name: (1 / np.maximum(f.expected_counts(first_guess), 1)).astype(x.dtype)
        for name, f in likelihoods.items()
    }
    curvature = 1.0
    for _ in range(POWER_ITERATIONS):
        x /= np.linalg.norm(x)
        x = sum(
            f.response.adjoint(weights[name] * f.response.apply(x))
            for name, f in likelihoods.items()
        )  # type: ignore[assignment]
        curvature = float(np.linalg.norm(x))
    return 1 / max(curvature, 1e-30)
