"""How a declared grid is searched."""

from typing import final

from pydantic import Field

from hifred.settings import Text, Whole, settings
from hifred.settings.kinds import Seed


@final
@settings
class Search:
    """How a grid is searched."""

    by: Text | None = Field(
        default=None,
        description="Measure whose best is sought; left out: the error where there is "
        "a truth, else held-out counts, else the misfit.",
        examples=["held_out_error"],
    )
    trials: Whole | None = Field(
        default=None,
        ge=1,
        description="Most trials of a model to compute, those done before included; "
        "left out: a quarter of its grid, at least 8.",
    )
    search_seed: Seed = Field(default=0, description="Of the choice of trials.")
