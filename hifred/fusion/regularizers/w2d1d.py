"""Free cubes that are sparse in wavelets of space and energy."""

from typing import ClassVar, Literal, final

from pydantic import Field

from hifred.functionals.sparse_cube import SparseCube, plane_noise
from hifred.functionals.varying_strength import varying_strength
from hifred.fusion.assembly import Assembly
from hifred.fusion.cube_method import CubeMethod
from hifred.fusion.published import PublishedCube, Strength
from hifred.fusion.settings import register
from hifred.settings import Whole
from hifred.solvers.paper_thresholds import (
    CubeThreshold,
    Threshold,
    VaryingCubeThreshold,
)
from hifred.transforms.starlet import Starlet2D1D


@register
@final
class W2d1d(PublishedCube):
    """A free cube with few wavelet coefficients that are fine in space and energy."""

    label: ClassVar[str] = "free cube, sparse in wavelets."
    formula: ClassVar[str] = r"\mu \, \| \sigma \, \Phi_{2D1D} Z \|_1"

    regularizer: Literal["w2d1d"] = Field("w2d1d", description=label)
    mu: Strength | Literal["varying"] = Field(
        examples=[1.0],
        description="Strength of the penalty, in units of the noise: usually 0.5 to 3; "
        "'varying' is high where the source is dim (Eq. 21).",
    )
    space_scales: Whole = Field(2, ge=1, description="Wavelet scales along y and x.")
    energy_scales: Whole = Field(3, ge=1, description="Wavelet scales along energy.")

    def _minimiser(self, assembly: Assembly) -> CubeMethod:
        penalty = self._penalty(assembly) if self.mu else None
        return CubeMethod(assembly, self, penalty=penalty)

    def _penalty(self, assembly: Assembly) -> SparseCube:
        transform, start = self._transform(assembly), assembly.first_cube
        noise = plane_noise(assembly.likelihoods, start, transform)
        if self.mu == "varying":
            strength = varying_strength(transform.coarse(start))
            return SparseCube(transform, noise, strength)
        return SparseCube(transform, noise, self.mu)

    def _threshold(self, assembly: Assembly) -> Threshold:
        transform = self._transform(assembly)
        if self.mu == "varying":
            return VaryingCubeThreshold(transform)
        return CubeThreshold(transform, self.mu)

    def _transform(self, assembly: Assembly) -> Starlet2D1D:
        return Starlet2D1D(assembly.sky.shape, self.space_scales, self.energy_scales)
