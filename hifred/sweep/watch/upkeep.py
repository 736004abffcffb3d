"""Check every file of a sweep, and remove what is left over."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from hifred.errors import HifredError, SchemaError
from hifred.store.checkpoint import load_checkpoint
from hifred.store.checksums import read_manifest
from hifred.store.durable import PART_SUFFIX
from hifred.store.generations import (
    CURRENT,
    current_generation,
    old_generations,
    remove_generation,
)
from hifred.store.trial_file import SUFFIX, verify_trial
from hifred.sweep.kernels.default_kernel import default_kernel
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.record.driver_lock import live_driver
from hifred.sweep.record.layout import SweepDirectory
from hifred.sweep.watch.snapshot import SweepView


@final
@dataclass
class Findings:
    """What `verify` found.

    Parameters
    ----------
    n_checked : int
        Files of trials and inputs that were read.
    n_collected : int
        Files of the collected results that were read.
    damaged : dict
        Path inside the sweep to what is wrong with it.
    orphans : list of str
        Finished trials that no plan knows.
    damaged_events : int
        Lines of logs that cannot be read; they are only skipped.
    repaired : list of str
        Files that were set aside, to be made again.
    """

    n_checked: int = 0
    n_collected: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    damaged_events: int = 0
    repaired: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Return whether nothing needs to be done."""
        return set(self.repaired) == set(self.damaged)


def verify(
    root: str | Path, *, repair: bool = False, kernel: Kernel | None = None
) -> Findings:
    """Read every byte of a sweep and compare it with its checksums.

    Parameters
    ----------
    repair : bool
        Move damaged trials and inputs to ``damaged/``, so that they are made again,
        delete damaged checkpoints, and let go of damaged collected results.

    Raises
    ------
    HifredError
        If there is no sweep, or its plan is damaged.
    """
    view = SweepView(root)
    view.refresh()
    directory = view.directory
    findings = Findings(damaged_events=view.reader.n_damaged)
    known = {trial.id for trial in view.plan.trials}
    for trial_id in sorted(directory.published()):
        if trial_id not in known:
            findings.orphans.append(trial_id)
        _check(findings, directory, directory.trial(trial_id), trial_id)
    for path in sorted(directory.checkpoints.glob("*.npz")):
        _check(findings, directory, path, path.stem)
    _check_inputs(findings, view, kernel or default_kernel())
    _check_results(findings, directory)
    if repair:
        _repair(findings, directory)
    return findings


def _check(
    findings: Findings, directory: SweepDirectory, path: Path, trial_id: str
) -> None:
    findings.n_checked += 1
    try:
        if path.name.endswith(SUFFIX):
            verify_trial(path, trial_id)
        else:
            load_checkpoint(path, trial_id)
    except FileNotFoundError:
        return  # a trial that is running has just replaced or finished it
    except (SchemaError, OSError) as error:
        findings.damaged[str(path.relative_to(directory.root))] = str(error)


def _check_inputs(findings: Findings, view: SweepView, kernel: Kernel) -> None:
    for name, known in view.plan.head.inputs.items():
        path = view.directory.input(name)
        findings.n_checked += 1
        where = str(path.relative_to(view.directory.root))
        try:
            if kernel.input_digest(path) != known.digest:
                findings.damaged[where] = "its content is not the planned one"
        except (HifredError, OSError) as error:
            findings.damaged[where] = str(error)


def _check_results(findings: Findings, directory: SweepDirectory) -> None:
    """Compare the collected results with their checksums, if they have any."""
    generation = current_generation(directory.results)
    manifest = None if generation is None else read_manifest(generation)
    if manifest is None:
        return
    findings.n_collected = len(manifest.files)
    place = manifest.generation.relative_to(directory.root)
    for name, why in manifest.damaged().items():
        findings.damaged[str(place / name)] = why


def _repair(findings: Findings, directory: SweepDirectory) -> None:
    for name in findings.damaged:
        path = directory.root / name
        if path.is_relative_to(directory.results):
            # The next `collect` builds on nothing, and makes all of it anew.
            (directory.results / CURRENT).unlink(missing_ok=True)
        elif path.parent == directory.checkpoints:
            path.unlink(missing_ok=True)
        elif path.exists():
            directory.damaged.mkdir(exist_ok=True)
            path.rename(_free_name(directory.damaged / path.name))
        findings.repaired.append(name)


def _free_name(path: Path) -> Path:
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def clean(root: str | Path, *, dry_run: bool = False) -> list[str]:
    """Remove what killed processes left, and results that were collected anew since.

    Finished trials, logs and the current results are never removed. Who still reads
    older ones gets an error from then on.

    Returns
    -------
    list of str
        Paths inside the sweep that were, or would be, removed.

    Raises
    ------
    HifredError
        If a driver is at work.
    """
    view = SweepView(root)
    directory = view.directory
    driver = live_driver(directory.lock)
    if driver is not None:
        raise HifredError(
            f"a sweep must be at rest to be cleaned; {driver} works on it. "
            "Wait for it, or stop it."
        )
    leftovers = sorted(_leftovers(directory, view))
    old = old_generations(directory.results)
    if not dry_run:
        for path in leftovers:
            _remove(path)
        for generation in old:
            remove_generation(generation)
    return [str(path.relative_to(directory.root)) for path in [*leftovers, *old]]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _leftovers(directory: SweepDirectory, view: SweepView) -> Iterable[Path]:
    for folder in (directory.root, directory.checkpoints, *directory.trials.glob("??")):
        yield from folder.glob(f".*{PART_SUFFIX}")
    published = directory.published()
    known = {trial.id for trial in view.plan.trials}
    for path in directory.checkpoints.glob("*.npz"):
        if path.stem in published or path.stem not in known:
            yield path
    yield from directory.checkpoints.glob("*.stop")
    yield from directory.cluster.glob("tls-*")  # keys of a driver that was killed
    for path in directory.events.glob("*.crash"):
        if path.stat().st_size == 0:
            yield path
