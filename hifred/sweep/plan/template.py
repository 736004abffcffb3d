"""The commented sweep.toml that `hifred init` writes."""

from pathlib import Path

from hifred.errors import HifredError
from hifred.fusion import FusionSettings
from hifred.fusion.settings import REGULARIZERS
from hifred.selection.held_out import Split
from hifred.settings import commented_out, commented_toml, stated_toml
from hifred.settings.fields import fields_of
from hifred.store.durable import replace_text
from hifred.sweep.plan.declaration import ModelSource, ProductFiles, SweepHead
from hifred.sweep.plan.grid import GridKeys
from hifred.sweep.plan.options import RunOptions
from hifred.sweep.record.layout import SweepDirectory

SWEEP = """\
# A sweep: models x grids. `hifred plan` says how large it is, `hifred run` runs it or
# goes on with it, `hifred collect` makes the results comparable.
"""
MODELS = """\
# One table for each set of observations, with a name of your own.
"""
GRIDS = """\
# Each [[grid]] is the product of its lists; all grids together are the sweep. What a
# regularizer does not read is dropped, and what would be computed twice is computed
# once. This one is to be tried first: the counts choose for it.
"""
RANGES = """\
# A range is { logspace = [first, last, n] }, { linspace = [first, last, n] } or
# { range = [first, last, step] }; a list holds the values themselves.
"""
SHARED = """\
# Settings shared by all grids; one in a [[grid]] comes first.
"""
HELD_OUT = """\
# Choose by counts that were held out, where no truth is known: it costs two fits for
# each seed more.
"""
PRODUCTS = """\
# Made of every trial's cube, to be compared.
"""
RUN = """\
# What does not change results.
"""


def sweep_template() -> str:
    """Return a sweep to start from, with every setting under its description."""
    scene = {"model": "gaussian_1kev_rebinned", "scene": "shell"}
    strengths = {"logspace": [1e-6, 1e-3, 4]}
    return "\n".join(
        [
            SWEEP,
            commented_toml(SweepHead, "sweep", name="first-look", seed=7),
            f"{MODELS}{commented_toml(ModelSource, 'models.remnant', simulate=scene)}",
            f"{GRIDS}{_grid('guided', mu='auto', rank='auto')}",
            f"{RANGES}{_grid('lrs', mu=strengths, rank=[5, 10])}",
            commented_toml(GridKeys),
            f"{SHARED}{stated_toml(FusionSettings, 'solver', **_left_to_all())}",
            f"{HELD_OUT}{commented_out(commented_toml(Split, 'metrics.held_out'))}",
            f"{PRODUCTS}{commented_out(commented_toml(ProductFiles, 'products'))}",
            f"{RUN}{commented_toml(RunOptions, 'run')}",
        ]
    )


def _grid(regularizer: str, **swept: object) -> str:
    kind = REGULARIZERS[regularizer]
    return stated_toml(kind, "[grid]", regularizer=regularizer, **swept)


def _left_to_all() -> dict[str, None]:
    return dict.fromkeys(n for n in fields_of(FusionSettings) if n != "regularizer")


def write_template(directory: str | Path) -> Path:
    """Write a commented sweep.toml into a new or empty directory.

    Raises
    ------
    HifredError
        If there is one, or the directory cannot be written.
    """
    sweep = SweepDirectory(Path(directory))
    if sweep.declaration.exists():
        raise HifredError(
            f"DIR must have no sweep.toml yet; {sweep.declaration} is there. Edit it."
        )
    try:
        sweep.root.mkdir(parents=True, exist_ok=True)
        replace_text(sweep.declaration, sweep_template())
    except OSError as error:
        raise HifredError(
            f"DIR must be writable; {directory}: {error.strerror}."
        ) from error
    return sweep.declaration
