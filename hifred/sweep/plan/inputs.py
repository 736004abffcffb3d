"""The inputs of a sweep: copied or simulated once, then only read."""

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from hifred.errors import HifredError, SettingsError
from hifred.sweep.kernel import Kernel, Settings
from hifred.sweep.layout import SweepDirectory


def found_digest(kernel: Kernel, path: Path) -> str:
    """Return the digest of the input at `path`, or why it cannot be read."""
    try:
        return kernel.input_digest(path)
    except (HifredError, OSError) as error:
        return f"unreadable ({error})"


def source_path(model: Settings, folder: Path) -> Path | None:
    """Return where the input of a declared model comes from, if it is a file."""
    if "input" not in model:
        return None
    return (folder / str(model["input"])).expanduser()


def check_model(
    name: str, model: Settings, source: Path | None, kernel: Kernel
) -> None:
    """Refuse a model whose input is absent or that the kernel cannot use.

    Raises
    ------
    HifredError
        Naming the model and what is wrong.
    """
    if source is not None and not source.exists():
        raise HifredError(
            f"[models.{name}] input must exist; got {source}. "
            "Relative paths start at the folder of the sweep file."
        )
    try:
        if source is None:
            kernel.check_simulation(name, _simulation(model))
        else:
            kernel.check_input(source)
    except HifredError as error:
        raise type(error)(f"[models.{name}]: {error}") from error


def _simulation(model: Settings) -> Settings:
    simulation = model["simulate"]
    if not isinstance(simulation, Mapping):
        raise SettingsError(f"simulate must be a table; got {simulation!r}.")
    return simulation


def materialise(
    directory: SweepDirectory,
    name: str,
    model: Settings,
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
    part = target.with_name(f".{name}.{uuid.uuid4().hex[:8]}.part")
    try:
        if source is not None:
            _copy(source, part)
        else:
            kernel.simulate(name, _simulation(model), seed=seed, path=part)
        part.rename(target)
    finally:
        _remove(part)
    return target


def _copy(source: Path, part: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, part)
    else:
        shutil.copyfile(source, part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
