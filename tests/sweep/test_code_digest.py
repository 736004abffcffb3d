"""The code digest: what a trial computes with, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

import hifred
from hifred.sweep.kernels.code_digest import ENTRIES, NUMERICAL, code_digests
from hifred.sweep.kernels.import_graph import SourceGraph, read_source

PACKAGE = Path(hifred.__file__).parent
# They open files, label arrays, check settings and count cores.
NOT_NUMERICAL = {"annotated_types", "psutil", "pydantic", "pydantic_core",
                 "threadpoolctl", "xarray", "zarr"}  # fmt: skip

# Runs every regularizer for some steps, and prints the modules whose code ran.
RUN = """
import sys, threading
from pathlib import Path
import numpy as np
from hifred.fusion import REGULARIZERS
from hifred.observations import FusionInput
from hifred.store import save_fusion_input
from hifred.sweep.kernels.fusion_kernel import FusionKernel
from tests.scenes import observe, sky_cube

path = Path(sys.argv[1])
observed = observe(sky_cube((8, 9, 6)), rng=np.random.default_rng(1))
save_fusion_input(path, FusionInput(observed, None, {}))
ran = set()

def note(frame, event, argument):
    if event == "call":
        ran.add(frame.f_globals.get("__name__", ""))

kernel = FusionKernel()
sys.setprofile(note)
for regularizer in REGULARIZERS:
    given = {"regularizer": regularizer, "max_iterations": 2}
    given |= {} if regularizer in ("none", "low_rank") else {"mu": 0.1}
    given |= {} if regularizer in ("none", "w2d1d") else {"rank": 2}
    given["metrics"] = {"held_out": {"fraction": 0.2, "seeds": [1]}}
    sys.setprofile(None)
    settings = {**kernel.active(given), "seed": 0}
    sys.setprofile(note)
    attempt = kernel.begin(path, settings, None)
    while not attempt.step().done:
        pass
    attempt.result()
sys.setprofile(None)
print(*sorted(name for name in ran if name.startswith("hifred.")))
"""


@pytest.mark.slow
def test_whatever_runs_in_a_trial_is_digested(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path / "a.zarr")]
    root = Path(__file__).parents[2]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    ran = set(told.stdout.split()) - {"hifred.sweep.kernels.fusion_kernel"}
    assert len(ran) > 30
    assert ran <= set(code_digests())


@pytest.mark.slow
def test_all_that_is_digested_is_imported_by_a_trial() -> None:
    import_all = f"import sys, {', '.join(ENTRIES)}; print(*sys.modules)"
    command = [sys.executable, "-c", import_all]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    own = {name for name in code_digests() if name.startswith("hifred.")}
    assert own <= set(told.stdout.split())


def test_every_library_of_a_trial_is_in_or_known_not_to_compute() -> None:
    graph = SourceGraph(PACKAGE)
    sources = graph.behind(*ENTRIES)
    del sources["hifred"]  # its version alone is read
    foreign = graph.foreign(sources) - set(sys.stdlib_module_names)
    assert foreign <= {*NUMERICAL, *NOT_NUMERICAL}
    assert set(NUMERICAL) <= set(code_digests())


def test_selection_and_threads_are_in_and_pages_are_not() -> None:
    names = set(code_digests())
    assert {"hifred.selection.held_out", "hifred.threads", "numba"} <= names
    assert not [name for name in names if "html" in name or ".plots" in name]
    assert not [n for n in names if n.startswith(("hifred.cli", "hifred.sweep.driver"))]


SHOWN = """
from package.view import page
from package import shared

class Thing:
    def _repr_html_(self):
        return page(self)

    def value(self):
        return shared()
"""


def make_package(root: Path, shared: str) -> SourceGraph:
    root.mkdir()
    (root / "__init__.py").write_text("from package.a import shared\n")
    (root / "a.py").write_text(shared)
    (root / "view.py").write_text("def page(x):\n    return '<p>'\n")
    (root / "thing.py").write_text(SHOWN)
    return SourceGraph(root)


def test_a_name_leads_to_the_module_that_defines_it(tmp_path: Path) -> None:
    graph = make_package(tmp_path / "package", "def shared():\n    return 1\n")
    assert set(graph.behind("package.thing")) == {"package.thing", "package.a"}


def test_a_view_may_change_and_a_computation_may_not(tmp_path: Path) -> None:
    root = tmp_path / "package"
    make_package(root, "def shared():\n    return 1\n")
    before = read_source(root / "thing.py").digest
    changed = SHOWN.replace("return page(self)", "return page(self) + '</p>'")
    (root / "thing.py").write_text(changed)
    assert read_source(root / "thing.py").digest == before
    (root / "thing.py").write_text(SHOWN.replace("shared()", "2 * shared()"))
    assert read_source(root / "thing.py").digest != before


def test_a_name_is_followed_through_a_stub(tmp_path: Path) -> None:
    root = tmp_path / "package"
    graph = make_package(root, "def shared():\n    return 1\n")
    (root / "__init__.py").write_text("import lazy_loader\n")
    (root / "__init__.pyi").write_text("from .a import shared\n")
    assert set(graph.behind("package.thing")) == {"package.thing", "package.a"}
