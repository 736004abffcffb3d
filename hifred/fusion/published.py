"""Regularisers of the paper: minimised, or solved as published for comparison."""

import math
from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge
from pydantic import BeforeValidator, Field

from hifred.errors import SettingsError
from hifred.functionals.base import Smooth
from hifred.fusion.assembly import Assembly
from hifred.fusion.method import AnyMethod
from hifred.fusion.paper_method import PaperMethod
from hifred.fusion.paper_spaces import AllCubes, ImagesOfSpectra
from hifred.fusion.settings import FusionSettings
from hifred.fusion.subspace import Subspace
from hifred.settings import Number, Whole
from hifred.solvers.paper_thresholds import Threshold


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"mu must be finite; got {value}.")
    return value


Strength = Annotated[Number, Ge(0), BeforeValidator(_finite)]
Rank = Annotated[Whole, Ge(1)] | Literal["auto"]


class Published(FusionSettings):
    """Settings of a regulariser that has a published algorithm beside the minimiser."""

    step_size: Number | None = Field(
        None,
        gt=0,
        description="Step of the solver 'paper'; without one it is taken from the "
        "curvature of the likelihood.",
    )

    def method(self, assembly: Assembly) -> AnyMethod:
        if self.solver == "paper":
            return self._published(assembly)
        return self._minimiser(assembly)

    def unread(self) -> set[str]:
        return set() if self.solver == "paper" else {"step_size"}

    @abstractmethod
    def _minimiser(self, assembly: Assembly) -> AnyMethod:
        """Return how to minimise the objective."""

    @abstractmethod
    def _published(self, assembly: Assembly) -> AnyMethod:
        """Return the paper's algorithm."""


class PublishedCube(Published):
    """Settings of a regulariser of free cubes, Algorithm 2 of the paper."""

    def _published(self, assembly: Assembly) -> AnyMethod:
        space = AllCubes(assembly, np.dtype(self.precision))
        return PaperMethod(
            space, self, self.step_size, threshold=self._threshold(assembly)
        )

    def _threshold(self, assembly: Assembly) -> Threshold | None:
        """Return the paper's step that follows the gradient step."""
        return None


class PublishedImages(Published):
    """Settings of a regulariser of few spectra, Algorithm 1 of the paper."""

    rank: Rank = Field(
        10,
        description="Number of spectra that every pixel's spectrum is made of; 'auto' "
        "takes as many as hold nine tenths of the spectrometer's variance.",
    )

    def _subspace(self, assembly: Assembly) -> Subspace:
        return Subspace.of_rank(assembly, self.rank)

    def _published(self, assembly: Assembly) -> AnyMethod:
        space = ImagesOfSpectra(self._subspace(assembly), np.dtype(self.precision))
        return PaperMethod(
            space,
            self,
            self.step_size,
            smooth=self._smooth(),
            threshold=self._threshold(space.first_guess.shape),
        )

    def _smooth(self) -> Smooth | None:
        """Return the penalty whose gradient the paper adds."""
        return None

    def _threshold(self, images_shape: tuple[int, ...]) -> Threshold | None:
        """Return the paper's step that follows the gradient step."""
        return None
