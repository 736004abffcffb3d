"""Sweeps: thousands of trials declared, run, resumed and watched."""

from hifred.sweep.driver.run import RunReport, run_sweep
from hifred.sweep.plan.declaration import Declaration, declare, read_declaration
from hifred.sweep.plan.target import plan_sweep
from hifred.sweep.watch.collecting import CollectReport, collect
from hifred.sweep.watch.snapshot import Snapshot, SweepView, snapshot

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
