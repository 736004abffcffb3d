"""The published cubes become a fusion input whose sweep can be planned."""

import runpy
import tomllib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_array_equal

from hifred.observations import (
    build_responses,
    build_sky_grid,
    kernel_sigmas,
    kernels_for,
)
from hifred.store import input_digest, open_fusion_input
from hifred.sweep import read_declaration

FOLDER = Path(__file__).parents[2] / "workflows" / "published_cubes"
SCRIPT = runpy.run_path(str(FOLDER / "convert.py"))


def convert(cubes: Path, out: Path, seed: int) -> None:
    options = ["--cubes", str(cubes), "--out", str(out), "--seed", str(seed)]
    result = CliRunner().invoke(SCRIPT["main"], options)
    assert result.exit_code == 0, result.output
    assert "realistic_1kev_rebinned is left out" in result.output


def test_cubes_are_converted_with_matched_kernels(
    shared_data: Path, tmp_path: Path
) -> None:
    cubes = shared_data / "published_cubes"
    convert(cubes, tmp_path / "one.zarr", 7)
    found = open_fusion_input(tmp_path / "one.zarr")
    arrays = np.load(cubes / "gaussian_1kev_rebinned.npz", allow_pickle=False)
    imager = found.observations["imager"]
    assert_array_equal(imager["counts"].values, arrays["X"])
    assert found.attrs["seed"] == 7
    counts = found.observations["spectrometer"]["counts"]
    expected = found.observations["spectrometer"]["expected_counts"]
    assert abs(float(counts.sum() - expected.sum())) < 5 * np.sqrt(expected.sum())
    kernels = kernels_for(found.observations)
    psf, spread = kernels["spectrometer"].psf, kernels["imager"].line_spread
    assert psf is not None
    assert spread is not None
    assert abs(kernel_sigmas(psf[0])[0] - 2.828) < 1e-3
    assert abs(kernel_sigmas(spread)[0] - 57.918) < 5e-3


def test_matched_kernels_link_the_noise_free_cubes(
    shared_data: Path, tmp_path: Path
) -> None:
    """G_imager Y = X K_spectrometer^T for the published means, off the edges."""
    convert(shared_data / "published_cubes", tmp_path / "one.zarr", 7)
    case = open_fusion_input(tmp_path / "one.zarr").observations
    responses = build_responses(case, build_sky_grid(case))
    means = {
        name: o["expected_counts"].values.astype(float).reshape(o.sizes["channel"], -1)
        for name, o in case.items()
    }
    spectral = responses["imager"].pairs[0][0]
    spatial = responses["spectrometer"].pairs[0][1]
    left = spectral.apply(means["spectrometer"]).reshape(60, 15, 15)
    right = spatial.apply_rows(means["imager"]).reshape(60, 15, 15)
    inside = np.s_[6:-6, 4:-4, 4:-4]
    missed = np.linalg.norm((left - right)[inside]) / np.linalg.norm(right[inside])
    assert missed < 5e-5


def test_the_seed_alone_decides_the_noise(shared_data: Path, tmp_path: Path) -> None:
    digests = []
    for i, seed in enumerate((7, 7, 8)):
        path = tmp_path / f"{i}.zarr"
        convert(shared_data / "published_cubes", path, seed)
        digests.append(input_digest(path))
    assert digests[0] == digests[1] != digests[2]


def test_absent_cubes_are_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        SCRIPT["main"], ["--cubes", str(tmp_path), "--seed", "1"]
    )
    assert result.exit_code == 2
    assert "the published cubes must lie in" in result.output


def test_the_sweep_is_declared_on_what_is_written() -> None:
    declaration = read_declaration(FOLDER / "sweep.toml")
    model = declaration.models["gaussian_1kev_rebinned"]
    default = next(p for p in SCRIPT["main"].params if p.name == "out").default
    assert declaration.folder / model.input == default
    text = (FOLDER / "sweep.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["grid"][0]["regularizer"] == "lrs"


@pytest.mark.parametrize("sigma", [1.0, 6.94])
def test_kernels_are_sampled_gaussians(sigma: float) -> None:
    kernel = SCRIPT["gaussian"](sigma)
    assert kernel.size % 2 == 1
    assert abs(kernel_sigmas(kernel)[0] - sigma) < 1e-4 * sigma
