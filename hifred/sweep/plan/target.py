"""Where a sweep lies and what it declares, from whatever a user names."""

from pathlib import Path

from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import Declaration, read_declaration
from hifred.sweep.plan.declaration_text import declaration_text
from hifred.sweep.plan.declared_lines import declared_lines, keep_lines
from hifred.sweep.plan.planning import Planned, make_plan
from hifred.sweep.record.layout import SweepDirectory


def sweep_target(
    target: str | Path | Declaration, directory: str | Path | None = None
) -> tuple[SweepDirectory, Declaration]:
    """Return the directory and the declaration that `target` means.

    Parameters
    ----------
    target : path or Declaration
        A sweep directory (with its ``sweep.toml``), a TOML file, or a declaration.
    directory : path or None
        Where to run a file or a declaration; default ``runs/<name>``.
    """
    if isinstance(target, Declaration):
        declaration = target
    else:
        path = Path(target)
        if path.is_dir():
            sweep = SweepDirectory(path)
            sweep.check_plain()
            return sweep, read_declaration(sweep.declaration)
        declaration = read_declaration(path)
        if directory is None and SweepDirectory(path.parent).plan.exists():
            return SweepDirectory(path.parent), declaration
    root = Path("runs") / declaration.name if directory is None else Path(directory)
    return SweepDirectory(root), declaration


def plan_sweep(
    target: str | Path | Declaration,
    *,
    directory: str | Path | None = None,
    kernel: Kernel | None = None,
    allow_code_change: bool = False,
) -> Planned:
    """Write or extend the plan of a sweep, and its inputs; nothing is run.

    Parameters
    ----------
    target, directory
        See `sweep_target`.
    kernel : Kernel or None
        What the trials compute; default the fusion.
    allow_code_change : bool
        Go on with changed code under the ids of the old one; it is recorded.
    """
    sweep, declaration = sweep_target(target, directory)
    return planned_in(sweep, declaration, kernel or default_kernel(), allow_code_change)


def planned_in(
    sweep: SweepDirectory, declaration: Declaration, kernel: Kernel, allow: bool
) -> Planned:
    """Write or extend the plan of `declaration` in `sweep`, its text kept beside."""
    text = declaration.text or declaration_text(declaration)
    lines = declared_lines(declaration, sweep)
    planned = make_plan(sweep, declaration, kernel, allow_code_change=allow, text=text)
    keep_lines(lines, sweep)
    return planned
