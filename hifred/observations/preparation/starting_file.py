"""The commented configuration that `hifred prepare --template` prints."""

from hifred.observations.preparation.instrument_settings import InstrumentSettings
from hifred.observations.preparation.settings import PreparationSettings
from hifred.settings import commented_toml, stated_toml

HEAD = """\
# A fusion input: an imager, a spectrometer, and the sky that both saw. File names are
# relative to this file. `hifred inspect FILE` says what a file is.
"""
SECOND = """\
# The spectrometer has the same keys; those that it usually needs:
"""


def preparation_template() -> str:
    """Return a configuration to start from, with every key under its description."""
    imager = {
        "role": "imager",
        "events": "mos1.fits",
        "rmf": "mos1.rmf",
        "arf": "mos1.arf",
        "grid": {
            "ra_deg": 83.633,
            "dec_deg": 22.014,
            "pixel_size_arcsec": 5.0,
            "shape": [80, 80],
        },
        "exposure_map": "mos1_expo.fits",
        "psf": {"king_core_arcsec": 5.0, "king_slope": 1.5},
    }
    spectrometer = {
        "role": "spectrometer",
        "events": "resolve.evt",
        "rmf": "resolve.rmf",
        "arf": "resolve.arf",
        "grid": {"ra_deg": 83.633, "dec_deg": 22.014, "roll_deg": 0.0},
        "psf": {"king_core_arcsec": 25.0, "king_slope": 1.8, "radius_arcsec": 90.0},
    }
    whole = commented_toml(
        PreparationSettings,
        energy={"band_kev": [2.0, 8.0], "bin_ev": 4.0, "margin_ev": 100.0},
        sky={"like": "epic"},
        instruments={"epic": imager},
    )
    second = stated_toml(InstrumentSettings, "instruments.resolve", **spectrometer)
    return f"{HEAD}\n{whole}\n{SECOND}{second}"
