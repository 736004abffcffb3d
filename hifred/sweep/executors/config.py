"""What a cluster configuration file says: where trials run, never what they compute."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from hifred.errors import SettingsError, unknown_name
from hifred.settings import (
    ByteSize,
    Duration,
    Memory,
    Place,
    Seconds,
    Switch,
    Text,
    Walltime,
    Whole,
    Word,
    read_settings,
    read_toml,
    renamed,
    settings,
)


@settings
class LocalConfig:
    """Workers on this machine."""

    executor: Literal["local"] = Field(
        default="local",
        description="Workers are processes of this machine, reachable from it only.",
    )
    workers: Whole = Field(
        default=2, ge=1, description="Trials at a time; at most cores / threads."
    )
    threads: Whole = Field(
        default=1,
        ge=1,
        description="Threads of one trial; small cubes gain nothing from more.",
    )
    memory: Memory | None = Field(
        default=None,
        description="Most memory of one trial; left out: from the size of the sweep's "
        "cubes.",
        examples=["2GiB"],
    )
    local_directory: Word | None = Field(
        default=None,
        description="Scratch of the workers; left out: the system's temporary "
        "directory.",
        examples=["/tmp"],
    )
    _memory_gib = renamed("memory_gib", "memory", ByteSize.of_gib)


@settings
class DriverConfig:
    """The small batch job of `hifred submit`: it only starts and watches workers."""

    partition: Word | None = Field(
        default=None,
        description="Where it waits for the workers; left out: the workers' partition.",
        examples=["long"],
    )
    walltime: Walltime = Field(
        default=Duration(24 * 3600),
        description="At its end the driver is requeued and goes on.",
    )
    memory: Memory = Field(
        default=ByteSize.of_gib(2), description="Memory of the driver."
    )
    extra_directives: tuple[Text, ...] = Field(
        default=(),
        description="Added to its #SBATCH lines; those of the workers are not.",
    )
    _memory_gib = renamed("memory_gib", "memory", ByteSize.of_gib)


@settings
class SlurmConfig:
    """Worker jobs on a SLURM cluster."""

    executor: Literal["slurm"] = Field(
        default="slurm", description="Workers are jobs of a SLURM cluster."
    )
    jobs: Whole = Field(
        default=4,
        ge=1,
        description="Worker jobs wanted at a time; lost ones are replaced.",
    )
    workers_per_job: Whole = Field(
        default=1,
        ge=1,
        description="Trials at a time inside one job; more where jobs get whole nodes.",
    )
    threads: Whole = Field(
        default=2,
        ge=1,
        description="Threads and CPUs of one trial; the low-rank solver gains little "
        "above 4.",
    )
    memory: Memory | None = Field(
        default=None,
        description="Memory of one trial; left out: from the size of the sweep's "
        "cubes.",
        examples=["2GiB"],
    )
    walltime: Walltime = Field(
        default=Duration(3600),
        description="Time limit of a worker job. Short jobs start sooner, and a trial "
        "that needs longer goes on in the next job.",
    )
    margin: Walltime = Field(
        default=Duration(300),
        description="A job takes no new trial this long before its end, and the "
        "running one is saved.",
    )
    partition: Word | None = Field(
        default=None,
        description="`sinfo -s` lists them; left out: the cluster's default.",
        examples=["normal"],
    )
    account: Word | None = Field(
        default=None,
        description="Who pays; `sacctmgr show associations user=$USER`.",
        examples=["my_project"],
    )
    account_required: Switch = Field(
        default=False, description="Refuse to submit without an account."
    )
    interface: Word = Field(
        kw_only=True,
        description="Network between the nodes; `ip -brief address` on a node.",
        examples=["ib0"],
    )
    scheduler_interface: Word | None = Field(
        default=None,
        description="The driver's interface, where login nodes name it differently.",
        examples=["eth0"],
    )
    local_directory: Word = Field(
        default="/tmp",
        description="Scratch on the node's own disk; $TMPDIR and the like are filled "
        "in on the node.",
    )
    prologue: tuple[Text, ...] = Field(
        default=(),
        description="What a job does first: modules, virtual environment.",
        examples=[["module load python/3.12", "ulimit -c 0"]],
    )
    log_directory: Word | None = Field(
        default=None,
        description="Output of the jobs; left out: in the sweep directory, which has "
        "to be on the shared file system.",
        examples=["~/hifred-logs"],
    )
    extra_directives: tuple[Text, ...] = Field(
        default=(),
        description="Lines added as #SBATCH.",
        examples=[["--constraint=cpu", "--qos=regular"]],
    )
    skip_directives: tuple[Text, ...] = Field(
        default=(),
        description="Our own #SBATCH lines that this cluster does not want.",
        examples=[["--mem"]],
    )
    tls: Switch = Field(
        default=True,
        description="Encrypt, and refuse whoever lacks this run's certificate.",
    )
    tls_directory: Word | None = Field(
        default=None,
        description="Keys of a running driver, readable by you only; left out: in the "
        "sweep directory.",
        examples=["~/.hifred"],
    )
    python: Text | None = Field(
        default=None,
        description="The jobs' interpreter, or the words that start it, where it is "
        "not that of this command.",
        examples=["/shared/env/bin/python"],
    )
    container: Text | None = Field(
        default=None,
        description="What the jobs' Python runs in; the sweep's directory has to be "
        "seen inside under its own name.",
        examples=["apptainer exec --bind /scratch /shared/hifred.sif"],
    )
    poll_seconds: Seconds = Field(
        default=10.0, gt=0, description="Time between two looks at the queue, s."
    )
    start_seconds: Seconds = Field(
        default=300.0,
        gt=0,
        description="A job whose worker has not reported this long after its start is "
        "cancelled, s.",
    )
    give_up_after: Whole = Field(
        default=5,
        ge=1,
        description="Looks in a row that find failed jobs and no worker, before the "
        "sweep stops aloud.",
    )
    driver: DriverConfig = Field(
        default_factory=DriverConfig,
        description="The driver of `hifred submit`: a small job that starts and "
        "watches the workers. `hifred run` ignores this.",
    )
    _memory_gib = renamed("memory_gib", "memory", ByteSize.of_gib)

    @model_validator(mode="after")
    def _check_times_and_account(self) -> Self:
        if self.margin >= self.walltime:
            raise SettingsError(
                f"margin must be shorter than walltime; got margin {self.margin} and "
                f"walltime {self.walltime}. A worker stops that long before its job "
                "ends."
            )
        if self.account_required and self.account is None:
            raise SettingsError(
                "account must be set on this cluster; got none. Write the account "
                "that pays for the jobs (`sacctmgr show associations user=$USER`)."
            )
        return self

    @property
    def capacity(self) -> int:
        """Trials at a time."""
        return self.jobs * self.workers_per_job


ClusterConfig = LocalConfig | SlurmConfig
CONFIG_KINDS: dict[str, type[LocalConfig] | type[SlurmConfig]] = {
    "local": LocalConfig,
    "slurm": SlurmConfig,
}


def read_cluster_config(path: Path) -> ClusterConfig:
    """Read and check a cluster configuration file.

    Raises
    ------
    SettingsError
        If the file is missing, is no TOML, or has a wrong key or value.
    """
    advice = "`hifred doctor --template slurm` prints one to start from."
    content = read_toml(path, what="cluster config", advice=advice)
    return parse_cluster_config(content, source=str(path))


def parse_cluster_config(
    content: Mapping[str, object], *, source: str
) -> ClusterConfig:
    """Return the checked configuration that a TOML document holds.

    Parameters
    ----------
    content : mapping
        Keys and values as TOML gives them.
    source : str
        Name of the file, for the messages.
    """
    kind = str(content.get("executor", "slurm"))
    if kind not in CONFIG_KINDS:
        raise unknown_name(f"executor in {source}", kind, CONFIG_KINDS)
    return read_settings(CONFIG_KINDS[kind], content, Place(source))
