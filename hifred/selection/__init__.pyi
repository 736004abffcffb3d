from .bootstrap import (
    Refits,
    band_images,
    bootstrap_summary,
    draw_observations,
    refit,
)
from .held_out import (
    SCORES,
    Split,
    held_out_scores,
    read_split,
    score,
    score_split,
    split_observations,
    summarise_splits,
)
from .thinning import (
    thin,
    with_counts,
)

__all__ = [
    "SCORES",
    "Refits",
    "Split",
    "band_images",
    "bootstrap_summary",
    "draw_observations",
    "held_out_scores",
    "read_split",
    "refit",
    "score",
    "score_split",
    "split_observations",
    "summarise_splits",
    "thin",
    "with_counts",
]
