"""Do once, before workers are forked, what the first trial of each does for long."""

import tempfile
from pathlib import Path

from hifred.sweep.driver.run import run_sweep
from hifred.sweep.plan.declaration import declare
from tests.sweep.stub_kernels import StubKernel


def warm_up() -> None:
    """Run one stub trial: imports, facts of the machine, the first Zarr file."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "counts"
        source.write_bytes(b"counts of a stub")
        declaration = declare("warm", {"a": source}, {"mu": 1, "rank": 3, "n_steps": 2})
        choices = {"kernel": StubKernel(), "executor": "inline"}
        run_sweep(declaration, directory=Path(folder) / "s", **choices)


# A server that forks workers only imports.
warm_up()
