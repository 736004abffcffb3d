"""Dimension names, their order, and the unit strings of every labelled array."""

ENERGY = "energy"
CHANNEL = "channel"
Y = "y"
X = "x"

IMAGE = (Y, X)
SKY_CUBE = (ENERGY, Y, X)
COUNTS_CUBE = (CHANNEL, Y, X)

COUNT = "count"
FLUX_UNIT = "photon cm-2 s-1"
AREA_UNIT = "cm2"
TIME_UNIT = "s"
EXPOSURE_UNIT = "cm2 s"
ENERGY_UNIT = "keV"
ANGLE_UNIT = "arcsec"
DIMENSIONLESS = "1"

LIGHT_SPEED_KM_S = 299792.458
