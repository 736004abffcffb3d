"""Small results, for tests of the files that hold them."""

import numpy as np
import xarray as xr

from tests.sweep.stub_kernels import stub_result


def result(seed: int = 0) -> xr.Dataset:
    values = np.random.default_rng(seed).standard_normal((2, 3, 4))
    dataset = stub_result(values, {})
    dataset["flag"] = (("y", "x"), values[0] > 0, {"units": "1"})
    dataset["worst"] = ((), np.nan, {"units": "1"})
    return dataset.assign_coords(aux=(("y", "x"), values[1]), name=((), "täst"))


RECORD = {"trial_id": "ab12cd34ef56", "settings": {"mu": 0.1}, "provenance": {}}
