"""Choose settings, and give errors, from the counts alone."""

from hifred.selection.bootstrap import (
    Refits,
    band_images,
    bootstrap_summary,
    draw_observations,
    refit,
)
from hifred.selection.held_out import (
    held_out_deviance,
    score,
    split_deviance,
    summarise_splits,
)
from hifred.selection.thinning import thin, with_counts

__all__ = [
    "Refits",
    "band_images",
    "bootstrap_summary",
    "draw_observations",
    "held_out_deviance",
    "refit",
    "score",
    "split_deviance",
    "summarise_splits",
    "thin",
    "with_counts",
]
