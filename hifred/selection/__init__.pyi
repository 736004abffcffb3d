from .bias_correction import (
    less_bias,
    less_its_bias,
)
from .bootstrap import (
    Refits,
    band_images,
    bootstrap_summary,
    corrected_summary,
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
    "corrected_summary",
    "draw_observations",
    "held_out_scores",
    "less_bias",
    "less_its_bias",
    "read_split",
    "refit",
    "score",
    "score_split",
    "split_observations",
    "summarise_splits",
    "thin",
    "with_counts",
]
