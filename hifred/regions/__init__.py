"""Regions on the sky, from DS9 and from masks, as shares of pixels."""

from hifred.regions.outlines import outlines
from hifred.regions.read import parse_regions, read_regions
from hifred.regions.sky_field import SkyField, fused_field, instrument_field
from hifred.regions.sky_region import SkyRegion, box_region, region_of
from hifred.regions.write import regions_text, write_regions

__all__ = [
    "SkyField",
    "SkyRegion",
    "box_region",
    "fused_field",
    "instrument_field",
    "outlines",
    "parse_regions",
    "read_regions",
    "region_of",
    "regions_text",
    "write_regions",
]
