from .driver.run import (
    RunReport,
    run_sweep,
)
from .plan.declaration import (
    Declaration,
    declare,
    read_declaration,
)
from .plan.target import (
    plan_sweep,
)
from .watch.collecting import (
    CollectReport,
    collect,
)
from .watch.snapshot import (
    Snapshot,
    SweepView,
    snapshot,
)
from .watch.trial_line_maps import (
    LineReport,
    map_lines,
    sweep_line_maps,
)

__all__ = [
    "CollectReport",
    "Declaration",
    "LineReport",
    "RunReport",
    "Snapshot",
    "SweepView",
    "collect",
    "declare",
    "map_lines",
    "plan_sweep",
    "read_declaration",
    "run_sweep",
    "snapshot",
    "sweep_line_maps",
]
