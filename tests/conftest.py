"""What many tests need: the optional data, and a seeded generator."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of the optional test data, or skip the test aloud.

    It is ``../shared/data`` from the project's root, unless the environment
    variable ``HIFRED_SHARED_DATA`` names another folder.
    """
    named = os.environ.get("HIFRED_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no optional test data in {folder}; set HIFRED_SHARED_DATA")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with an explicit seed."""
    return np.random.default_rng(20_251_122)
