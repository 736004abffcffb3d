"""Low rank alone: few spectra, without any penalty."""

from typing import ClassVar, Literal, final

from pydantic import Field

from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.published import PublishedImages
from hifred.fusion.settings import register


@register
@final
class LowRank(PublishedImages):
    """A cube of few spectra, learnt from the spectrometer, without any penalty."""

    label: ClassVar[str] = "few spectra, no penalty."
    formula: ClassVar[str] = "0"

    regularizer: Literal["low_rank"] = Field("low_rank", description=label)

    def _minimiser(self, assembly: Assembly) -> LowRankMethod:
        return LowRankMethod(self._subspace(assembly), self)
