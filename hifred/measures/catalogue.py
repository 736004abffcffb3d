"""What each measure means: its unit, and which way is better."""

from dataclasses import dataclass
from typing import final

from hifred.errors import HifredError


@final
@dataclass(frozen=True)
class Measure:
    """What a measure means.

    Parameters
    ----------
    long_name, units : str
    direction : {"higher", "lower", "zero", "none"}
        Which way is better: more, less, near 0, or neither.
    needs_truth : bool
        Whether it compares with the true sky, or noise-free data.
    """

    long_name: str
    units: str
    direction: str
    needs_truth: bool

    @property
    def attrs(self) -> dict[str, str | int]:
        """Attributes of the variable that holds the measure."""
        return {
            "long_name": self.long_name,
            "units": self.units,
            "direction": self.direction,
            "needs_truth": int(self.needs_truth),
        }


MEASURES = {
    "nmse_db": Measure("power over that of the error", "dB", "higher", True),
    "nmse_truth_db": Measure("true power over that of the error", "dB", "higher", True),
    "asam": Measure("mean angle between spectra", "rad", "lower", True),
    "asam_bright": Measure(
        "mean angle between spectra where 95 % of the flux is", "rad", "lower", True
    ),
    "acssim": Measure("1 - mean structural similarity", "1", "lower", True),
    "ergas": Measure("relative error of all channels (ERGAS)", "1", "lower", True),
    "ergas_paper": Measure(
        "ERGAS over the estimate's mean, 100 d = 1", "1", "lower", True
    ),
    "sam": Measure("angle between spectra", "rad", "lower", True),
    "relative_error": Measure(
        "relative error of the band image", "percent", "none", True
    ),
    "deviance": Measure("Poisson deviance of the data", "1", "none", False),
    "deviance_expected": Measure("its mean if the model is right", "1", "none", False),
    "deviance_variance": Measure(
        "its variance if the model is right", "1", "none", False
    ),
    "deviance_sigma": Measure(
        "deviance less its mean, in standard deviations", "1", "zero", False
    ),
    "data_nmse_db": Measure(
        "power of the expected counts over that of their error", "dB", "higher", True
    ),
    "held_out_error": Measure(
        "squared distance to a cube of counts held out of the fit", "1", "lower", False
    ),
    "held_out_deviance": Measure(
        "Poisson deviance of counts held out of the fit", "1", "lower", False
    ),
}
"""What each measure is, its unit, which way is better, whether it needs the truth."""
"""All measures that a fusion may have; those of one instrument end in its name."""


def measure_of(name: str) -> Measure:
    """Return what the measure `name` means.

    Parameters
    ----------
    name : str
        As in the result of `measure_fusion`; ``data_nmse_db_<instrument>`` and other
        measures of one instrument are known by their beginning.

    Raises
    ------
    HifredError
        If there is no such measure.
    """
    if name in MEASURES:
        return MEASURES[name]
    starts = [known for known in MEASURES if name.startswith(f"{known}_")]
    if not starts:
        raise HifredError(
            f"unknown measure {name!r}; choose from {', '.join(sorted(MEASURES))}."
        )
    return MEASURES[max(starts, key=len)]
