"""Drive stub trials on a cluster: `python -m tests.cluster.drive DIR CONFIG`."""

import sys
from pathlib import Path

import click

from hifred.sweep.driver.run import run_sweep
from hifred.sweep.executors.choose import choose_executor
from tests.sweep.stub_kernels import StubKernel


def main() -> None:
    sweep, config = Path(sys.argv[1]), Path(sys.argv[2])
    choices = choose_executor(config, sweep)
    report = run_sweep(sweep, kernel=StubKernel(), **choices)
    click.echo(f"{report.message or 'complete'} {report.snapshot.counts}")
    sys.exit(report.exit_code)


if __name__ == "__main__":
    main()
