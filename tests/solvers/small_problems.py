"""Small fusion problems as plain arrays, with all shapes different."""

from dataclasses import dataclass

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood
from hifred.operators.response import Response
from hifred.operators.structure import structure


@dataclass(frozen=True)
class DataTerm:
    """Dense matrices and counts of one instrument."""

    spectral: np.ndarray
    spatial: np.ndarray
    counts: np.ndarray
    background: np.ndarray | None = None
    mask: np.ndarray | None = None

    def likelihood(
        self, sky_shape: tuple[int, int, int], basis: np.ndarray | None = None
    ) -> PoissonLikelihood:
        pair = structure(self.spectral), structure(self.spatial)
        response = Response([pair], sky_shape, self.counts.shape)
        if basis is not None:
            response = response.in_basis(basis)
        return PoissonLikelihood(response, self.counts, self.background, self.mask)

    def matrix(self) -> np.ndarray:
        """Return the dense map from the flattened cube to the flattened counts."""
        return np.kron(self.spectral, self.spatial)


@dataclass(frozen=True)
class SmallProblem:
    """Data terms by instrument, and the sky they come from."""

    sky: np.ndarray
    terms: dict[str, DataTerm]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.sky.shape

    def likelihoods(self, basis=None) -> dict[str, PoissonLikelihood]:
        return {k: t.likelihood(self.shape, basis) for k, t in self.terms.items()}


def smoothing(n: int, width: float) -> np.ndarray:
    distance = np.subtract.outer(np.arange(n), np.arange(n)) / width
    kernel = np.exp(-0.5 * distance**2)
    return kernel / kernel.sum(axis=0).max()


def rebinning(n: int, factor: int) -> np.ndarray:
    return np.kron(np.eye(n // factor), np.ones((1, factor)))


def smooth_sky(shape: tuple[int, int, int], level: float, rng) -> np.ndarray:
    sky = rng.gamma(0.7, 1.0, shape)
    for axis, n in enumerate(shape):
        sky = np.moveaxis(np.tensordot(smoothing(n, 1.2), sky, (1, axis)), 0, axis)
    return level * sky / sky.mean()


def small_problem(
    shape: tuple[int, int, int] = (12, 6, 4),
    *,
    rebin: bool = True,
    areas: bool = True,
    background: bool = False,
    mask: bool = False,
    level: float = 20.0,
    seed: int = 3,
) -> SmallProblem:
    rng = np.random.default_rng(seed)
    n, ny, nx = shape
    sky = smooth_sky(shape, level, rng)
    imager_area = np.linspace(1.5, 0.5, n) if areas else np.ones(n)
    spectrometer_area = np.linspace(0.4, 1.2, n) if areas else np.ones(n)
    energies = smoothing(n, 2.0) * imager_area
    rows, columns = smoothing(ny, 0.9), smoothing(nx, 0.7)
    if rebin:
        energies = rebinning(n, 3) @ energies
        rows, columns = rebinning(ny, 2) @ rows, rebinning(nx, 2) @ columns
    pairs = {
        "imager": (energies, np.eye(ny * nx), (ny, nx)),
        "spectrometer": (
            np.diag(spectrometer_area),
            np.kron(rows, columns),
            (len(rows), len(columns)),
        ),
    }
    terms = {}
    for name, (spectral, spatial, image) in pairs.items():
        expected = (spectral @ sky.reshape(n, -1) @ spatial.T).reshape(-1, *image)
        extra = rng.uniform(0.2, 1.5, expected.shape) if background else None
        counts = rng.poisson(expected if extra is None else expected + extra)
        used = rng.uniform(size=expected.shape) > 0.15 if mask else None
        terms[name] = DataTerm(spectral, spatial, counts.astype(float), extra, used)
    return SmallProblem(sky, terms)
