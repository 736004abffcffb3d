"""Sweeps: thousands of trials declared, run, resumed and watched."""

from hifred.sweep.declaration import Declaration, declare, read_declaration
from hifred.sweep.run import RunReport, plan_sweep, run_sweep
from hifred.sweep.snapshot import Snapshot, SweepView, snapshot

__all__ = [
    "Declaration",
    "RunReport",
    "Snapshot",
    "SweepView",
    "declare",
    "plan_sweep",
    "read_declaration",
    "run_sweep",
    "snapshot",
]
