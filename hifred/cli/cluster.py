"""`hifred submit` and `hifred doctor`."""

import sys
from pathlib import Path

import click

from hifred.cli.plain_speech import say
from hifred.cli.setting_options import checked_options, setting_options
from hifred.sweep.executors.config import (
    CONFIG_KINDS,
    LocalConfig,
    SlurmConfig,
    read_cluster_config,
)
from hifred.sweep.executors.config_template import cluster_template
from hifred.sweep.executors.doctor import examine
from hifred.sweep.executors.probe_finding import ProbeFinding
from hifred.sweep.executors.slurm.submit import Submission, submit_driver
from hifred.sweep.plan.target import plan_sweep

CONFIG = click.Path(dir_okay=False, path_type=Path)
DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command(
    epilog="Example: hifred submit snr-first-look --cluster cluster_configs/slurm.toml"
)
@click.argument("directory", type=DIRECTORY)
@click.option("--cluster", required=True, type=CONFIG, help="Where the trials run.")
@setting_options(SlurmConfig, {"jobs": "--jobs"}, show_default=False)
@click.option("--single-job", is_flag=True, help="One allocation for all.")
@click.option("--dry-run", is_flag=True, help="Print the batch scripts only.")
def submit(
    directory: Path,
    *,
    cluster: Path,
    jobs: int | None,
    single_job: bool,
    dry_run: bool,
) -> None:
    """Send the sweep's driver to SLURM as a small batch job, and return at once."""
    jobs = checked_options({"jobs": jobs}, SlurmConfig).get("jobs")
    submission = Submission(directory, cluster, jobs, single_job)
    plan_sweep(directory)  # its inputs tell the memory that a trial needs
    if dry_run:
        for role, script in submission.scripts().items():
            say(f"# ---- {role}\n{script}")
        return
    job_id = submit_driver(submission)
    say(f"job {job_id} drives {directory}; watch it: hifred status {directory}")


@click.command(epilog="Example: hifred doctor cluster_configs/slurm.toml")
@click.argument("config", type=CONFIG, required=False)
@click.option(
    "--directory",
    type=DIRECTORY,
    default=Path(),
    help="Where sweeps are to lie (default: here).",
)
@click.option("--no-job", is_flag=True, help="Submit no probe job.")
@click.option(
    "--template",
    type=click.Choice(list(CONFIG_KINDS)),
    help="Probe nothing: print a configuration to start from.",
)
def doctor(
    config: Path | None, directory: Path, *, no_job: bool, template: str | None
) -> None:
    """Probe this machine, or a cluster, and say what to change."""
    if template is not None:
        say(cluster_template(template), nl=False)
        return
    chosen = LocalConfig() if config is None else read_cluster_config(config)
    findings = [_tell(f) for f in examine(chosen, directory.resolve(), job=not no_job)]
    if not all(finding.passed for finding in findings):
        sys.exit(1)


def _tell(finding: ProbeFinding) -> ProbeFinding:
    mark = "pass" if finding.passed else "FAIL"
    say(f"{mark}  {finding.probe:20} {finding.message}")
    return finding
