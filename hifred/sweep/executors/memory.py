"""How much memory one trial needs."""

from pathlib import Path

import xarray as xr

from hifred.errors import HifredError
from hifred.settings import ByteSize
from hifred.store import open_fusion_input
from hifred.sweep.executors.config import ClusterConfig

# Python with its libraries, and the compiled kernels.
_BASE = ByteSize.of_gib(0.75)
_BYTES_PER_VOXEL = 24 * 8
_STEP = ByteSize.of_gib(0.25)
UNKNOWN = ByteSize.of_gib(2)


def estimate_memory(n_voxels: int) -> ByteSize:
    """Return the memory of a fusion of `n_voxels` sky voxels, rounded up.

    The wavelet solver is the hungriest: cube, dual variables, tiles and the arrays of
    the forward models come to 24 cubes in double precision at most.
    """
    wanted = _BASE + n_voxels * _BYTES_PER_VOXEL
    return ByteSize(-(-wanted // _STEP) * _STEP)


def memory_for_sweep(sweep: Path, config: ClusterConfig) -> ByteSize:
    """Return the memory of one trial: the configured one, or what the inputs ask."""
    if config.memory is not None:
        return config.memory
    inputs = sorted((sweep / "inputs").glob("*.zarr"))
    voxels = [n for path in inputs if (n := _count_voxels(path))]
    return estimate_memory(max(voxels)) if voxels else UNKNOWN


def _count_voxels(path: Path) -> int:
    """Return the size of the sky cube of one input; 0 where it holds no fusion."""
    try:
        observations = open_fusion_input(path).observations.values()
    except (HifredError, OSError):
        return 0
    return max((_sky_voxels(observation) for observation in observations), default=0)


def _sky_voxels(observation: xr.Dataset) -> int:
    sizes = observation.sizes
    return int(sizes["energy"] * sizes["y"] * sizes["x"])
