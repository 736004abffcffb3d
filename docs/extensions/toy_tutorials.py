"""The notebooks as pages, run at toy size.

They are copied into the sources, and the sweep that they look at is made once: eight
fusions of a small simulated remnant.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from sphinx.application import Sphinx

from hifred.sweep import collect, declare, run_sweep

ROOT = Path(__file__).parents[2]
TOY = {
    "model": "gaussian_1kev_rebinned",
    "shape": [24, 21],
    "n_energies": 120,
    "counts": 3e5,
}
GRIDS = [
    {"regularizer": "guided"},
    {"regularizer": "lrs", "mu": [0.0001, 0.001, 0.01], "rank": [4, 6]},
    {"regularizer": "low_rank", "rank": [4]},
]


def _copy_notebooks(folder: Path) -> None:
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, folder)


def _make_sweep(folder: Path) -> None:
    declaration = declare("toy", {"remnant": {"simulate": TOY}}, GRIDS)
    run_sweep(declaration, executor="inline", directory=folder)
    collect(folder)


def _run_notebooks(folder: Path, cache_folder: str, timeout: int) -> None:
    """Run those that changed, as many at once as there are cores, the longest first.

    Where one fails, the build runs it again and says why.
    """
    cache = get_cache(cache_folder)
    longest_first = sorted(folder.glob("*.ipynb"), reverse=True)
    for notebook in longest_first:
        cache.add_nb_to_project(str(notebook))
    load_executor("local-parallel", cache=cache).run_and_cache(timeout=timeout)


def _prepare(app: Sphinx) -> None:
    tutorials = Path(app.srcdir) / "tutorials"
    _copy_notebooks(tutorials)
    sweep = Path(app.outdir).parent / "toy"
    os.environ |= {
        "HIFRED_SWEEP": str(sweep),
        "HIFRED_ROOT": str(ROOT),
        "OMP_NUM_THREADS": "1",  # two run at once
        "PYTHONPATH": str(ROOT),
    }
    if app.builder.format != "html":
        return
    if not (sweep / "results").exists():
        _make_sweep(sweep)
    cache = app.config.nb_execution_cache_path
    _run_notebooks(tutorials, cache, app.config.nb_execution_timeout)


def setup(app: Sphinx) -> dict[str, Any]:
    """Prepare the tutorials before any page is read."""
    app.connect("builder-inited", _prepare)
    return {"parallel_read_safe": True}
