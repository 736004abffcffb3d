"""A sweep of stub trials, ready to be changed by a test."""

from pathlib import Path

import pytest

from hifred.sweep.plan.declaration import Declaration, declare


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "observations.bin"
    path.write_bytes(b"counts of a stub")
    return path


@pytest.fixture
def declaration(source: Path) -> Declaration:
    return declare(
        "stub",
        {"toy": source},
        [
            {"regularizer": "lrs", "mu": [0.1, 0.2, 0.3], "rank": [1, 2]},
            {"regularizer": "w2d1d", "mu": [0.5, 1.0]},
        ],
    )
