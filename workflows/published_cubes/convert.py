"""Turn the cubes published with the HIFReD paper into a fusion input.

The imager's counts are taken as they are; the spectrometer's noisy counts were not
published, so they are drawn from their noise-free mean with the seed given. The
kernels are the instruments' full ones (paper, Table 1), not those shipped with the
cubes: matched to each other they become 2.828 pixels and 57.918 channels, which link
the noise-free cubes to 5e-5 where the shipped ones leave 1 to 2.5 %.
"""

from pathlib import Path

import click
import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.observations import FusionInput, build_observation
from hifred.store import save_fusion_input

HERE = Path(__file__).parent
PUBLISHED = HERE.parents[2] / "shared" / "data" / "published_cubes"
NAME = "gaussian_1kev_rebinned"
# Standard deviations: pixels of 10 arcsec, energy bins of 0.36 eV.
IMAGER_PSF, SPECTROMETER_PSF = 1.0, 3.0
IMAGER_SPREAD, SPECTROMETER_SPREAD = 58.33, 6.94


def gaussian(sigma: float) -> np.ndarray:
    """Return a sampled Gaussian of unit sum, cut at 5 sigma."""
    offsets = np.arange(-np.ceil(5 * sigma), np.ceil(5 * sigma) + 1)
    samples = np.exp(-0.5 * (offsets / sigma) ** 2)
    return samples / samples.sum()


def read_published(folder: Path) -> dict[str, np.ndarray]:
    """Return the published arrays."""
    file = folder / f"{NAME}.npz"
    if not file.is_file():
        raise HifredError(
            f"the published cubes must lie in {folder}; {file.name} is not there. "
            "Name their folder with --cubes."
        )
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def observed(
    role: str,
    counts: np.ndarray,
    mean: np.ndarray,
    energy: np.ndarray,
    **kernels: float,
) -> xr.Dataset:
    """Return one instrument's cube as an observation; areas and times are 1."""
    step = (energy[-1] - energy[0]) / (energy.size - 1)
    edges = energy[0] + step * (np.arange(energy.size + 1) - 0.5)
    psf = gaussian(kernels["psf"])
    return build_observation(
        instrument=role,
        role=role,
        counts=counts,
        expected_counts=mean,
        energy_edges=edges,
        channel_edges=edges[:: energy.size // len(counts)],
        effective_area=1.0,
        exposure_time=1.0,
        pixel_size_arcsec=450.0 / counts.shape[1],
        sky_pixel_size_arcsec=10.0,
        psf=np.outer(psf, psf),
        line_spread=gaussian(kernels["spread"]),
    )


def converted(arrays: dict[str, np.ndarray], seed: int) -> FusionInput:
    """Return the fusion input, the spectrometer's counts drawn with a seed."""
    mean, energy = arrays["Y_noise_free"], arrays["energy_keV"]
    counts = np.random.default_rng(seed).poisson(mean).astype(np.int32)
    observations = {
        "imager": observed(
            "imager", arrays["X"], arrays["X_noise_free"], energy,
            psf=IMAGER_PSF, spread=IMAGER_SPREAD,
        ),
        "spectrometer": observed(
            "spectrometer", counts, mean, energy,
            psf=SPECTROMETER_PSF, spread=SPECTROMETER_SPREAD,
        ),
    }  # fmt: skip
    attrs = {"source": f"published cubes, {NAME}", "seed": seed}
    return FusionInput(observations, None, attrs)


@click.command()
@click.option(
    "--cubes",
    type=click.Path(path_type=Path),
    default=PUBLISHED,
    help="Folder of the published arrays.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=HERE / f"{NAME}.zarr",
    help="Fusion input to write.",
)
@click.option("--seed", type=int, required=True, help="Of the spectrometer's noise.")
def main(cubes: Path, out: Path, seed: int) -> None:
    """Write the published rebinned Gaussian cubes as a fusion input."""
    try:
        arrays = read_published(cubes)
        path = save_fusion_input(out, converted(arrays, seed))
    except HifredError as error:
        raise click.UsageError(str(error)) from error
    click.echo(
        f"wrote {path}; realistic_1kev_rebinned is left out: its spectrometer cube was "
        "published neither with noise nor without."
    )


if __name__ == "__main__":
    main()
