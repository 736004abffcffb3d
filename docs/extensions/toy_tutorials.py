"""The notebooks as pages, run at toy size.

They are copied into the sources, and the sweep that they look at is made once: eight
fusions of a small simulated remnant.
"""

import os
import shutil
from pathlib import Path
from typing import Any

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


def _prepare(app: Sphinx) -> None:
    _copy_notebooks(Path(app.srcdir) / "tutorials")
    sweep = Path(app.outdir).parent / "toy"
    if app.builder.format == "html" and not (sweep / "results").exists():
        _make_sweep(sweep)
    os.environ |= {
        "HIFRED_SWEEP": str(sweep),
        "HIFRED_ROOT": str(ROOT),
        "PYTHONPATH": str(ROOT),
    }


def setup(app: Sphinx) -> dict[str, Any]:
    """Prepare the tutorials before any page is read."""
    app.connect("builder-inited", _prepare)
    return {"parallel_read_safe": True}
