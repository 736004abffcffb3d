"""From a cluster configuration to what `run_sweep` takes."""

from dataclasses import replace
from pathlib import Path

from hifred.errors import HifredError
from hifred.sweep.executors.config import LocalConfig, read_cluster_config
from hifred.sweep.executors.local import LocalExecutor
from hifred.sweep.executors.memory import memory_for_sweep
from hifred.sweep.executors.slurm.allocation import AllocationExecutor
from hifred.sweep.executors.slurm.slurm_executor import SlurmExecutor


def choose_executor(
    config_file: Path,
    sweep: Path,
    *,
    workers: int | None = None,
    single_job: bool = False,
) -> dict[str, object]:
    """Return the executor, threads and memory limit of a run, for `run_sweep`.

    Parameters
    ----------
    config_file : Path
        The cluster configuration.
    sweep : Path
        The sweep directory; its inputs tell the memory that a trial needs.
    workers : int or None
        Workers, or worker jobs, wanted instead of the configuration's number.
    single_job : bool
        True inside the one allocation of ``hifred submit --single-job``.
    """
    config = read_cluster_config(config_file)
    memory = memory_for_sweep(sweep, config)
    choices = {"threads": config.threads, "memory": memory}
    if isinstance(config, LocalConfig):
        if single_job:
            raise HifredError(f"--single-job must have a SLURM cluster; {config_file}.")
        local = LocalExecutor(workers or config.workers, config.threads)
        return {**choices, "executor": local}
    if workers is not None:
        config = replace(config, jobs=workers)
    if single_job:
        return {**choices, "executor": AllocationExecutor(config, sweep)}
    return {**choices, "executor": SlurmExecutor(config, sweep, memory)}
