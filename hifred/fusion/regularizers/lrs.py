"""Low rank and smooth images: squared differences of neighbouring pixels."""

from typing import ClassVar, Literal, final

from pydantic import Field

from hifred.functionals.sobolev import SquaredDifferences
from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.published import PublishedImages, Strength
from hifred.fusion.settings import register


@register
@final
class Lrs(PublishedImages):
    """Few spectra whose images change little from pixel to pixel.

    Each component is in units of how much it varies; in the paper's algorithm, as
    published, it is not.
    """

    label: ClassVar[str] = "few spectra, smooth images."
    formula: ClassVar[str] = r"\mu \, \| D W \|_F^2"

    regularizer: Literal["lrs"] = Field("lrs", description=label)
    mu: Strength = Field(
        examples=[0.0001],
        description="Strength of the penalty, in counts: usually 0.000001 to 0.001.",
    )
    difference: Literal["gradient", "mixed"] = Field(
        "gradient",
        description="Which differences are penalised: both first ones, or that along y "
        "of that along x.",
    )

    def _minimiser(self, assembly: Assembly) -> LowRankMethod:
        penalty = self._smooth() if self.mu else None
        return LowRankMethod(self._subspace(assembly), self, penalty=penalty)

    def _smooth(self) -> SquaredDifferences:
        return SquaredDifferences(self.mu, self.difference)
