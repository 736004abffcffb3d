"""Maps of lines and bands, measured on cubes."""

from hifred.products.draws import CountDraws, CubeSet, spectrometer_cube
from hifred.products.line_list import LINES, Line, known_line
from hifred.products.maps import shown
from hifred.products.measure import measure_lines
from hifred.products.moment_maps import band_ratio, moment_map
from hifred.products.region_leaks import RegionLeaks
from hifred.products.region_lines import region_lines
from hifred.products.settings import LineSettings, read_lines

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
