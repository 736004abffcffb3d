"""No regulariser: the cube that fits the counts best."""

from typing import ClassVar, Literal, final

from pydantic import Field

from hifred.fusion.assembly import Assembly
from hifred.fusion.cube_method import CubeMethod
from hifred.fusion.published import PublishedCube
from hifred.fusion.settings import register


@register
@final
class Free(PublishedCube):
    """A free cube without any penalty, as noisy as the counts."""

    label: ClassVar[str] = "free cube, no penalty."
    formula: ClassVar[str] = "0"

    regularizer: Literal["none"] = Field("none", description=label)

    def _minimiser(self, assembly: Assembly) -> CubeMethod:
        return CubeMethod(assembly, self)
