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
