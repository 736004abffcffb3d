"""Probe the machine, or the cluster, that a configuration describes."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from hifred.errors import HifredError
from hifred.settings import ByteSize
from hifred.sweep.executors.config import ClusterConfig, LocalConfig
from hifred.sweep.executors.probe_finding import ProbeFinding, find
from hifred.sweep.executors.slurm.examination import examine_slurm, look_at_directory


def examine(
    config: ClusterConfig, folder: Path, *, job: bool = True
) -> Iterator[ProbeFinding]:
    """Yield one finding a probe, as soon as it is known.

    Parameters
    ----------
    config : LocalConfig or SlurmConfig
    folder : Path
        Where sweeps are to lie.
    job : bool
        Whether a probe job may be submitted (it runs for seconds).
    """
    if isinstance(config, LocalConfig):
        return _examine_local(config, folder)
    return examine_slurm(config, folder, job=job)


def _examine_local(config: LocalConfig, folder: Path) -> Iterator[ProbeFinding]:
    yield find("cores", lambda: _look_at_cores(config))
    yield find("memory", lambda: _look_at_memory(config))
    yield find("directory", lambda: look_at_directory(folder))
    scratch = Path(config.local_directory or tempfile.gettempdir())
    yield find("local_directory", lambda: look_at_directory(scratch))


def _look_at_cores(config: LocalConfig) -> str:
    cores = len(os.sched_getaffinity(0))
    wanted = config.workers * config.threads
    if wanted > cores:
        message = (
            f"workers x threads must be at most the {cores} cores here; got "
            f"{config.workers} x {config.threads}. Lower one of them."
        )
        raise HifredError(message)
    return f"{wanted} of {cores} cores are used"


def _look_at_memory(config: LocalConfig) -> str:
    free = ByteSize(psutil.virtual_memory().available)
    wanted = ByteSize(config.workers * (config.memory or 0))
    if wanted > free:
        message = (
            f"workers x memory must be at most the {free.gib:.1f} GiB available; got "
            f"{wanted.gib:.1f} GiB. Lower one of them."
        )
        raise HifredError(message)
    return f"{free.gib:.1f} GiB are available"
