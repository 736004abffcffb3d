"""A regulariser as somebody else might write it, with a setting of its own."""

from typing import ClassVar, Literal, final

import pydantic

from hifred.functionals.sobolev import SquaredDifferences
from hifred.fusion import FusionSettings, register
from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.subspace import Subspace
from hifred.settings import Number, Whole


@register
@final
class Stiff(FusionSettings):
    """Few spectra whose images are stiff."""

    label: ClassVar[str] = "few spectra, stiff images."
    formula: ClassVar[str] = r"\kappa \, \| D W \|_F^2"

    regularizer: Literal["stiff"] = pydantic.Field("stiff", description=label)
    solver: Literal["fast"] = pydantic.Field("fast", description="The minimiser.")
    rank: Whole = pydantic.Field(3, ge=1, description="Number of spectra.")
    stiffness: Number = pydantic.Field(
        gt=0, examples=[0.01], description="Of the images, in counts: usually 0.01."
    )

    def method(self, assembly: Assembly) -> LowRankMethod:
        subspace = Subspace.of_rank(assembly, self.rank)
        return LowRankMethod(subspace, self, penalty=SquaredDifferences(self.stiffness))
