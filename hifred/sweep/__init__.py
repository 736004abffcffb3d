"""Sweeps: thousands of trials declared, run, resumed and watched."""

from hifred.sweep.collecting import CollectReport, collect
from hifred.sweep.declaration import Declaration, declare, read_declaration
from hifred.sweep.run import RunReport, plan_sweep, run_sweep
from hifred.sweep.snapshot import Snapshot, SweepView, snapshot

__all__ = [
    "CollectReport",
    "Declaration",
    "RunReport",
    "Snapshot",
    "SweepView",
    "collect",
    "declare",
    "plan_sweep",
    "read_declaration",
    "run_sweep",
    "snapshot",
]
