import pytest

from hifred.errors import SettingsError
from hifred.simulation import simulate_model
from hifred.store import save_fusion_input
from hifred.sweep.kernels.fusion_kernel import FusionKernel

SETTINGS = {"regularizer": "lrs", "mu": 1e-3, "rank": 3, "tolerance": 1e-2}


def test_a_trial_scores_its_settings_on_held_out_counts(tmp_path):
    drawn = simulate_model(
        "gaussian_1kev_rebinned", shape=(9, 6), n_energies=24, counts=1e5
    )
    path = save_fusion_input(tmp_path / "toy.zarr", drawn)
    metrics = {"held_out": {"fraction": 0.2, "seeds": [5]}}
    attempt = FusionKernel().begin(path, SETTINGS | {"metrics": metrics}, None)
    while not attempt.step().done:
        pass
    found = attempt.result()["held_out_deviance"]
    assert found.ndim == 0
    assert float(found) > 0
    assert found.attrs["direction"] == "lower"


def test_metrics_belong_to_the_identity_of_a_trial():
    kernel = FusionKernel()
    plain = kernel.active(SETTINGS)
    scored = kernel.active(SETTINGS | {"metrics": {"held_out": {}}})
    assert "metrics" not in plain
    assert scored["metrics"]["held_out"]["seeds"] == [1, 2, 3]


def test_unknown_metrics_are_refused():
    with pytest.raises(SettingsError, match=r"unknown key in .metrics. 'heldout'"):
        FusionKernel().active(SETTINGS | {"metrics": {"heldout": {}}})
