"""One file for each regulariser; importing this part registers all of them."""

# In the order in which they are listed to users:
# ruff: isort: skip_file
from hifred.fusion.regularizers.none import Free
from hifred.fusion.regularizers.low_rank import LowRank
from hifred.fusion.regularizers.lrs import Lrs
from hifred.fusion.regularizers.lrw2d import Lrw2d
from hifred.fusion.regularizers.w2d1d import W2d1d
from hifred.fusion.regularizers.guided import Guided

__all__ = ["Free", "Guided", "LowRank", "Lrs", "Lrw2d", "W2d1d"]
