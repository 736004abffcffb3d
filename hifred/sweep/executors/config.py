"""What a cluster configuration file says: where trials run, never what they compute."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from hifred.errors import SettingsError, unknown_name

_DURATION = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)")


def parse_duration(text: object) -> int:
    """Return the seconds that ``"[days-]hours:minutes:seconds"`` stands for."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        message = f"must be a time such as '12:00:00' or '1-00:00:00'; got {text!r}."
        raise ValueError(message)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def format_duration(seconds: float) -> str:
    """Return `seconds` as ``"[days-]hours:minutes:seconds"``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    day = f"{days}-" if days else ""
    return f"{day}{hour:02d}:{minute:02d}:{second:02d}"


Seconds = Annotated[int, BeforeValidator(parse_duration)]
Word = Annotated[str, Field(pattern=r"^\S+$")]


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocalConfig(_Config):
    """Workers on this machine.

    Parameters
    ----------
    workers : int
        Trials at a time.
    threads : int
        Threads of one trial.
    memory_gib : float, GiB
        Memory of one worker; nothing means what the problem's size asks for.
    local_directory : str
        Scratch of the workers; nothing means the system's temporary directory.
    """

    executor: Literal["local"] = "local"
    workers: int = Field(default=2, ge=1)
    threads: int = Field(default=1, ge=1)
    memory_gib: float | None = Field(default=None, gt=0)
    local_directory: Word | None = None


class DriverConfig(_Config):
    """The small batch job of `hifred submit`: it only starts and watches workers.

    Parameters
    ----------
    partition : str
        Where it waits for the workers; nothing means the workers' partition.
    walltime : seconds
        When it ends the job is requeued and goes on.
    memory_gib : float, GiB
    extra_directives : tuple of str
        Added to its ``#SBATCH`` lines.
    """

    partition: Word | None = None
    walltime: Seconds = 24 * 3600
    memory_gib: float = Field(default=2.0, gt=0)
    extra_directives: tuple[str, ...] = ()


class SlurmConfig(_Config):
    """Worker jobs on a SLURM cluster; the files in `cluster_configs` explain each key.

    Parameters
    ----------
    jobs : int
        Worker jobs wanted at a time.
    workers_per_job : int
        Trials at a time inside one job.
    threads : int
        Threads, and so CPUs, of one trial.
    memory_gib : float, GiB
        Memory of one trial; nothing means what the problem's size asks for.
    walltime, margin : seconds
        Time limit of a worker job, and how long before its end trials checkpoint.
    interface, scheduler_interface : str
        Network interface of the workers, and of the driver where it differs.
    poll_seconds, start_seconds, give_up_after
        How often the queue is read, how long a started job may take until its worker
        reports, and how many jobs in a row may end before any worker reported.
    """

    executor: Literal["slurm"] = "slurm"
    jobs: int = Field(default=4, ge=1)
    workers_per_job: int = Field(default=1, ge=1)
    threads: int = Field(default=2, ge=1)
    memory_gib: float | None = Field(default=None, gt=0)
    walltime: Seconds = 3600
    margin: Seconds = 300
    partition: Word | None = None
    account: Word | None = None
    account_required: bool = False
    interface: Word
    scheduler_interface: Word | None = None
    local_directory: Word = "/tmp"
    prologue: tuple[str, ...] = ()
    log_directory: Word | None = None
    extra_directives: tuple[str, ...] = ()
    skip_directives: tuple[str, ...] = ()
    tls: bool = True
    tls_directory: Word | None = None
    python: Word | None = None
    poll_seconds: float = Field(default=10.0, gt=0)
    start_seconds: float = Field(default=300.0, gt=0)
    give_up_after: int = Field(default=5, ge=1)
    driver: DriverConfig = DriverConfig()

    @model_validator(mode="after")
    def _check_times_and_account(self) -> Self:
        if self.margin >= self.walltime:
            message = (
                f"margin must be shorter than walltime; got margin "
                f"{format_duration(self.margin)} and walltime "
                f"{format_duration(self.walltime)}. A worker stops that long before "
                f"its job ends."
            )
            raise ValueError(message)
        if self.account_required and self.account is None:
            message = (
                "account must be set on this cluster; got none. Write the account "
                "that pays for the jobs (`sacctmgr show associations user=$USER`)."
            )
            raise ValueError(message)
        return self

    @property
    def capacity(self) -> int:
        """Trials at a time."""
        return self.jobs * self.workers_per_job


ClusterConfig = LocalConfig | SlurmConfig
_KINDS: dict[str, type[LocalConfig] | type[SlurmConfig]] = {
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
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        message = (
            f"cluster config must be a readable file; got {str(path)!r} "
            f"({error.strerror}). Copy one of cluster_configs/ and edit it."
        )
        raise SettingsError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path} must be TOML; got {error}. Correct that line."
        raise SettingsError(message) from error
    return parse_cluster_config(content, source=str(path))


def parse_cluster_config(content: Mapping[str, Any], *, source: str) -> ClusterConfig:
    """Return the checked configuration that a TOML document holds.

    Parameters
    ----------
    content : mapping
        Keys and values as TOML gives them.
    source : str
        Name of the file, for the messages.
    """
    kind = content.get("executor", "slurm")
    if kind not in _KINDS:
        raise unknown_name(f"executor in {source}", str(kind), _KINDS)
    model = _KINDS[kind]
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _as_sentence(error, model, source) from error


def _as_sentence(
    error: ValidationError, model: type[BaseModel], source: str
) -> SettingsError:
    first = error.errors(include_url=False)[0]
    *parents, key = [str(part) for part in first["loc"] if isinstance(part, str)] or [
        ""
    ]
    if first["type"] == "extra_forbidden":
        keys = DriverConfig.model_fields if parents else model.model_fields
        table = f" of [{parents[0]}]" if parents else ""
        return unknown_name(f"key{table} in {source}", key, keys)
    if first["type"] == "missing":
        return SettingsError(f"{source}: {key} must be given; got nothing. {_HINTS}")
    text = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return SettingsError(f"{source}: {f'{key} ' if key else ''}{text}")
    wanted = text.removeprefix("Input should ")
    if first["type"] == "string_pattern_mismatch":
        wanted = "be one word"
    return SettingsError(
        f"{source}: {key} must {wanted}; got {first['input']!r}. {_HINTS}"
    )


_HINTS = "The files in cluster_configs/ explain every key."
