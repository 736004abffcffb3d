"""Cluster configurations to start from, with every key under its description."""

from collections.abc import Mapping

from hifred.settings import Duration, commented_toml
from hifred.sweep.executors.config import CONFIG_KINDS

HEADS = {
    "local": "# This machine: hifred run SWEEP --cluster MINE.toml\n",
    "slurm": "# A SLURM cluster. Correct interface, partition and account, then:\n"
    "# hifred doctor MINE.toml\n",
}
SHOWN: Mapping[str, Mapping[str, object]] = {
    "local": {"workers": 2, "threads": 1},
    "slurm": {
        "jobs": 8,
        "walltime": Duration(7200),
        "partition": "normal",
        "interface": "ib0",
    },
}


def cluster_template(executor: str) -> str:
    """Return a configuration of an executor: ``"local"`` or ``"slurm"``."""
    text = commented_toml(CONFIG_KINDS[executor], executor=executor, **SHOWN[executor])
    return f"{HEADS[executor]}\n{text}"
