"""The commented sweep.toml that `hifred init` writes."""

from pathlib import Path

from hifred.errors import HifredError
from hifred.store.durable import replace_text
from hifred.sweep.record.layout import SweepDirectory

TEMPLATE = """\
# A sweep: models x grids. `hifred plan` says how large it is, `hifred run` runs it or
# goes on with it, `hifred collect` makes the results comparable.

[sweep]
name = "first-look"
seed = 7                     # of everything random

# One table for each set of observations: a file made by `hifred prepare` or
# `hifred simulate` (relative to this file), or a simulation made once for the sweep.
[models.remnant]
simulate = { model = "gaussian_1kev_rebinned", scene = "shell" }
# input = "observations/remnant.zarr"

# Each [[grid]] is the product of its lists; all grids together are the sweep.
# A setting that a regularizer does not read is dropped, and what would be computed
# twice is computed once.
[[grid]]
regularizer = "lrs"
mu = { logspace = [0.001, 0.1, 3] }      # also { linspace = [a, b, n] },
rank = [5, 10]                           # { range = [first, last, step] }

[[grid]]
regularizer = "low_rank"
rank = [5, 10]
# models = ["remnant"]                   # only these models
# zip = { mu = [0.1, 0.2], rank = [5, 10] }    # values that go together
# exclude = ["rank >= 10 and mu < 0.01"]       # or tables: [{ rank = 10, mu = 0.1 }]
# warm_start = "mu"                      # start each from its neighbour with larger mu,
#                                        # in order; after one that fails, they wait
# seed = [1, 2, 3]

[solver]                     # settings shared by all grids
name = "fast"

# [metrics]
# held_out = { fraction = 0.1, seeds = [1, 2, 3] }

[run]                        # what does not change results
threads = 1                  # of one trial
# workers = 4                # trials at the same time; default cores / threads
# checkpoint_every = 60      # s
# trial_timeout = 3600       # s
# memory = "4GiB"            # of one trial
# early_stop = false         # of trials that cannot reach another's cost
# cubes = "top=20"           # which cubes `hifred collect` takes: all, none, top=N
# retries = { failed = 0, lost = 5, timeout = 3, oom = 1 }
"""


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
        replace_text(sweep.declaration, TEMPLATE)
    except OSError as error:
        raise HifredError(
            f"DIR must be writable; {directory}: {error.strerror}."
        ) from error
    return sweep.declaration
