"""The inputs of a sweep: copied or simulated once, then only read."""

import shutil
from pathlib import Path

from hifred.errors import HifredError
from hifred.store.durable import replace_folder
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import ModelSource
from hifred.sweep.record.layout import SweepDirectory


def found_digest(kernel: Kernel, path: Path) -> str:
    """Return the digest of the input at `path`, or why it cannot be read."""
    try:
        return kernel.input_digest(path)
    except (HifredError, OSError) as error:
        return f"unreadable ({error})"


def source_path(model: ModelSource, folder: Path) -> Path | None:
    """Return where the input of a declared model comes from, if it is a file."""
    return None if model.input is None else (folder / model.input).expanduser()


def is_there(path: Path) -> bool:
    """Say whether a path exists; one that the system cannot look up does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def check_model(
    name: str, model: ModelSource, source: Path | None, kernel: Kernel
) -> None:
    """Refuse a model whose input is absent or that the kernel cannot use.

    Raises
    ------
    HifredError
        Naming the model and what is wrong.
    """
    if source is not None and not is_there(source):
        raise HifredError(
            f"[models.{name}] input must exist; got {source}. "
            "Relative paths start at the folder of the sweep file."
        )
    try:
        if source is None:
            kernel.check_simulation(name, model.simulation)
        else:
            kernel.check_input(source)
    except HifredError as error:
        raise type(error)(f"[models.{name}]: {error}") from error


def materialise(
    directory: SweepDirectory,
    name: str,
    model: ModelSource,
    *,
    source: Path | None,
    kernel: Kernel,
    seed: int,
) -> Path:
    """Put the input of one model into the sweep directory, in one step.

    An input that is there already is left alone.
    """
    target = directory.input(name)
    if target.exists():
        return target
    with replace_folder(target) as part:
        if source is None:
            kernel.simulate(name, model.simulation, seed=seed, path=part)
        elif source.is_dir():
            shutil.copytree(source, part)
        else:
            shutil.copyfile(source, part)
    return target
