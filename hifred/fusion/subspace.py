"""Cubes of low rank: the spectra that they are made of, and images in good units."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self, final

import numpy as np
import xarray as xr

from hifred.functionals.poisson import PoissonLikelihood
from hifred.fusion.assembly import Assembly
from hifred.fusion.result import components
from hifred.fusion.warm_start import initial_images
from hifred.transforms.low_rank import (
    automatic_rank,
    relative_spreads,
    spectral_basis,
)


@final
@dataclass(frozen=True, eq=False)
class Subspace:
    r"""Cubes ``V W`` with the spectra ``V`` given.

    Solvers work on images in units of how much each component varies in the
    spectrometer, so that the squared differences of a strong and of a weak component
    weigh the same; what is read from earlier results and written to new ones is not.

    Attributes
    ----------
    assembly : Assembly
    basis : (energy, component) array
        Orthonormal spectra ``V``.
    spreads : (component,) array
        Above zero: the units of the solver's images.
    learnt : (energy, n) array
        Orthonormal spectra in the span of the others, from which these follow: the
        spectrometer's, the mean first, which is above zero, and the weakest last.
    """

    assembly: Assembly
    basis: np.ndarray
    spreads: np.ndarray
    learnt: np.ndarray

    @classmethod
    def of_rank(cls, assembly: Assembly, rank: int | Literal["auto"]) -> Self:
        """Return the subspace of the spectrometer's spectra that has this dimension."""
        spectra = assembly.spectra
        n_spectra = automatic_rank(spectra) if rank == "auto" else rank
        basis = spectral_basis(spectra, n_spectra, assembly.line_spread)
        spreads = relative_spreads(basis, spectra)
        return cls(assembly, basis, spreads, learnt=basis)

    def turned(self, directions: np.ndarray, spreads: np.ndarray) -> Self:
        """Return the same cubes with spectra along other directions of their span.

        Parameters
        ----------
        directions : (component, direction) array
            Orthogonal.
        spreads : (direction,) array
            The units of the new images.
        """
        return replace(self, basis=self.basis @ directions, spreads=spreads)

    def with_basis(self, basis: np.ndarray) -> Self:
        """Return the cubes of orthonormal spectra (energy, n), in units of one.

        The learnt spectra are in their span.
        """
        return replace(self, basis=basis, spreads=np.ones(basis.shape[1]))

    @property
    def units(self) -> np.ndarray:
        """Return the spreads as (component, 1, 1), to divide images by."""
        return self.spreads[:, None, None]

    @property
    def scaled_basis(self) -> np.ndarray:
        """Return the spectra (energy, component) of images in these units."""
        return np.asarray(self.basis * self.spreads)

    @cached_property
    def likelihoods(self) -> dict[str, PoissonLikelihood]:
        """Return one divergence per instrument, of images in these units."""
        return self.assembly.likelihoods_in(self.scaled_basis)

    @cached_property
    def mean_images(self) -> np.ndarray:
        """Return coefficient images (component, y, x): mean spectrum x brightness."""
        mean = self.learnt[:, 0]
        coefficients = self.basis.T @ (mean / mean.sum())
        return np.asarray(np.multiply.outer(coefficients, self.assembly.brightness))

    @cached_property
    def first_images(self) -> np.ndarray:
        """Return coefficient images (component, y, x) of a positive first cube.

        The mean spectrum times the square root of the brightness: far enough from
        every boundary, near enough to the solution.
        """
        brightness = self.assembly.brightness
        root = np.sqrt(brightness)
        return np.asarray(self.mean_images * (brightness.mean() / root.mean() / root))

    def images_of(self, initial: xr.Dataset) -> np.ndarray:
        """Return the coefficient images (component, y, x) of an earlier result."""
        return initial_images(initial, self.assembly.sky, self.basis)

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return the cube (energy, y, x) of coefficient images, not negative."""
        # Above zero by construction; single precision may round to just below.
        return np.maximum(np.tensordot(self.basis, images, axes=1), 0)

    def parts(self, images: np.ndarray) -> xr.Dataset:
        """Return spectra and coefficient images, labelled."""
        return components(self.basis, images)
