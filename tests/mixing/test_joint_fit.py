"""Velocities of four regions: from the fused cube, and from the joint fit."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred import FusionSettings, fuse
from hifred.errors import HifredError
from hifred.mixing import mixing, read_joint, write_mixing
from hifred.regions import fused_field, parse_regions
from hifred.spectra import write_spectra
from tests.mixing.four_regions import (
    REGIONS,
    VELOCITIES,
    fitted_alone,
    fitted_together,
    observe,
    with_truth,
)
from tests.mixing.test_files import Written, folded

SETTINGS = FusionSettings(regularizer="guided")
NAMES = [f"r{i}" for i in range(4)]


def errors(folder: Path, gradient: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return errors of velocity (region,), km/s: of the cube and of the joint fit."""
    ready = observe(gradient, seed, counts=1e6)
    result = fuse(ready.observations, SETTINGS)
    regions = parse_regions(REGIONS, fused_field(result, ready))
    write_spectra(folder / "truth", with_truth(result, ready), regions,
                  fusion_input=ready, is_corrected=False)  # fmt: skip
    write_spectra(folder / "fused", result, regions, fusion_input=ready)
    write_mixing(folder / "joint", mixing(result, ready, regions))
    truth, fused = (
        np.stack([fitted_alone(folder / kind, name) for name in NAMES])
        for kind in ("truth", "fused")
    )
    # The regions are those of the clumps, whose light hardly leaves them.
    assert_allclose(truth[:, 1], VELOCITIES, atol=10)
    joint = fitted_together(folder / "joint", fused)
    return fused[:, 1] - truth[:, 1], joint[:4, 1] - truth[:, 1]


def rms_bias(found: list[np.ndarray]) -> float:
    return float(np.sqrt(np.mean(np.mean(found, axis=0) ** 2)))


@pytest.mark.slow
def test_velocities_of_the_cube_are_no_more_biased_than_those_of_the_joint_fit(
    tmp_path: Path,
) -> None:
    # Velocity changes across each clump, as in a remnant: one spectrum for a region,
    # spread as its image, is then no more than nearly true, and the cube needs none.
    pairs = [errors(tmp_path / str(seed), 800.0, seed) for seed in (1, 2)]
    fused, joint = (rms_bias(list(found)) for found in zip(*pairs, strict=True))
    assert fused <= joint
    assert joint < 50  # both at about 1 % of the 4,200 km/s between the clumps


@pytest.mark.slow
def test_a_joint_fit_whose_model_is_true_finds_the_velocities(tmp_path: Path) -> None:
    fused, joint = errors(tmp_path, 0.0, 1)
    assert rms_bias([joint]) < 15
    assert rms_bias([fused]) < 40


def test_files_read_back_fold_as_they_are(tmp_path: Path) -> None:
    written = Written(tmp_path)
    joint = read_joint(tmp_path)
    flux = written.found["flux"].sel(region=joint.regions).values
    for number, group in enumerate(joint.groups):
        light = joint.expected(flux)[number] - joint.background[number]
        assert_allclose(light, folded(written, group), rtol=1e-10)
    pixels = np.bincount(written.groups.labels.ravel(), minlength=3)
    assert_allclose(joint.background, 2.5 * pixels[:, None] * np.ones(6))


def test_residuals_are_roots_of_the_cash_statistic(tmp_path: Path) -> None:
    written = Written(tmp_path)
    joint = read_joint(tmp_path)
    flux = written.found["flux"].sel(region=joint.regions).values
    mean, counts = joint.expected(flux)[joint.good], joint.counts[joint.good]
    cash = 2 * np.sum(mean - counts + counts * np.log(counts / mean))
    assert_allclose(np.sum(joint.residuals(flux) ** 2), cash, rtol=1e-10)
    assert len(mean) == 3 * 2  # the ends of the band are left out


def test_a_folder_without_a_mixing_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="must hold what `hifred mixing"):
        read_joint(tmp_path)
