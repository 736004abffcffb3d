"""Mixing: whose light lands where on a spectrometer, and fits that know of it."""

from hifred.mixing.elsewhere import light_from_elsewhere, write_elsewhere
from hifred.mixing.files import write_mixing
from hifred.mixing.groups import DetectorGroups, pixel_groups, region_groups
from hifred.mixing.mixing import Mixing, mixing
from hifred.mixing.shares import region_shares
from hifred.mixing.view import InstrumentView, view_of

__all__ = [
    "DetectorGroups",
    "InstrumentView",
    "Mixing",
    "light_from_elsewhere",
    "mixing",
    "pixel_groups",
    "region_groups",
    "region_shares",
    "view_of",
    "write_elsewhere",
    "write_mixing",
]
