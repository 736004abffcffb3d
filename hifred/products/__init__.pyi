from .draws import (
    CountDraws,
    CubeSet,
    spectrometer_cube,
)
from .line_list import (
    LINES,
    Line,
    known_line,
)
from .maps import (
    shown,
)
from .measure import (
    measure_lines,
)
from .moment_maps import (
    band_ratio,
    moment_map,
)
from .region_leaks import (
    RegionLeaks,
)
from .region_lines import (
    region_lines,
)
from .settings import (
    LineSettings,
    read_lines,
)

__all__ = [
    "LINES",
    "CountDraws",
    "CubeSet",
    "Line",
    "LineSettings",
    "RegionLeaks",
    "band_ratio",
    "known_line",
    "measure_lines",
    "moment_map",
    "read_lines",
    "region_lines",
    "shown",
    "spectrometer_cube",
]
