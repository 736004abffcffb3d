"""Choose settings, and give errors, from the counts alone."""

from hifred.selection.bootstrap import (
    Refits,
    band_images,
    bootstrap_summary,
    draw_observations,
    refit,
)
from hifred.selection.held_out import (
    Split,
    held_out_deviance,
    read_split,
    score,
    split_deviance,
    split_observations,
    summarise_splits,
)
from hifred.selection.thinning import thin, with_counts

__all__ = [
    "Refits",
    "Split",
    "band_images",
    "bootstrap_summary",
    "draw_observations",
    "held_out_deviance",
    "read_split",
    "refit",
    "score",
    "split_deviance",
    "split_observations",
    "summarise_splits",
    "thin",
    "with_counts",
]
