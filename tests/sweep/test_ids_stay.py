"""Ids of trials are forever: those of a plan that version 0.1.0 made."""

import pytest

from hifred.sweep.kernels.fusion_kernel import FusionKernel
from hifred.sweep.plan.canonical import trial_id

PLAN = [
    ("d75543d27e7c", {"regularizer": "none"}),
    ("5d24ca629860", {"regularizer": "low_rank", "rank": 3.0, "mu": 1}),
    (
        "1e62303ce880",
        {"regularizer": "lrs", "mu": 1, "rank": "auto", "space_scales": 4},
    ),
    (
        "f18012af5e4a",
        {
            "regularizer": "lrs",
            "mu": 0.0003,
            "difference": "mixed",
            "tolerance": 1e-05,
            "step_size": 2.0,
        },
    ),
    (
        "09e335b8be2f",
        {
            "regularizer": "lrs",
            "mu": 0.001,
            "rank": 5,
            "solver": "paper",
            "max_iterations": 9,
        },
    ),
    (
        "1a5ad71fe55b",
        {
            "regularizer": "lrw2d",
            "mu": 1.5,
            "space_scales": 3,
            "step_size": 0.5,
            "solver": "paper",
        },
    ),
    (
        "243bb32dc745",
        {
            "regularizer": "w2d1d",
            "mu": "varying",
            "energy_scales": 2,
            "boundary": "reflect",
        },
    ),
    (
        "d1596e3ff12d",
        {
            "regularizer": "w2d1d",
            "mu": 2.0,
            "margin_pixels": 1,
            "margin_channels": 2,
            "precision": "float64",
            "target_resolution": "intrinsic",
        },
    ),
]


@pytest.mark.parametrize(("expected", "settings"), PLAN)
def test_a_trial_keeps_its_id(expected: str, settings: dict) -> None:
    active = FusionKernel().active(settings)
    assert trial_id("fusion-1", "0" * 12, active, seed=7) == expected
