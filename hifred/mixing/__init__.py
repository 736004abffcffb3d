"""Mixing: whose light lands where on a spectrometer, and fits that know of it."""

from hifred.mixing.elsewhere import light_from_elsewhere, write_elsewhere
from hifred.mixing.files import write_mixing
from hifred.mixing.groups import DetectorGroups, pixel_groups, region_groups
from hifred.mixing.joint_spectra import JointSpectra, read_joint
from hifred.mixing.mixing import Mixing, mixing
from hifred.mixing.shares import region_shares
from hifred.mixing.view import InstrumentView, view_of

__all__ = [
    "DetectorGroups",
    "InstrumentView",
    "JointSpectra",
    "Mixing",
    "light_from_elsewhere",
    "mixing",
    "pixel_groups",
    "read_joint",
    "region_groups",
    "region_shares",
    "view_of",
    "write_elsewhere",
    "write_mixing",
]
