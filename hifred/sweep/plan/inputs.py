"""The inputs of a sweep: copied or simulated once, then only read."""

import hashlib
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hifred.errors import HifredError
from hifred.sweep.kernel import Kernel
from hifred.sweep.layout import SweepDirectory


def digest_of(kernel: Kernel, path: Path) -> str:
    """Return the digest of the input at `path`, as `kernel` understands it."""
    own = getattr(kernel, "input_digest", None)
    return str(own(path)) if own is not None else tree_digest(path)


def found_digest(kernel: Kernel, path: Path) -> str:
    """Return the digest of the input at `path`, or why it cannot be read."""
    try:
        return digest_of(kernel, path)
    except (HifredError, OSError) as error:
        return f"unreadable ({error})"


def tree_digest(path: Path) -> str:
    """Return the sha256 of a file, or of all files below a directory."""
    digest = hashlib.sha256()
    files = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    for file in files:
        name = file.relative_to(path).as_posix()
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def source_path(model: Mapping[str, Any], folder: Path) -> Path | None:
    """Return where the input of a declared model comes from, if it is a file."""
    if "input" not in model:
        return None
    return (folder / str(model["input"])).expanduser()


def check_model(
    name: str, model: Mapping[str, Any], source: Path | None, kernel: Kernel
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
    check = _checker(name, model, source, kernel)
    try:
        check()
    except HifredError as error:
        raise type(error)(f"[models.{name}]: {error}") from error


def _checker(
    name: str, model: Mapping[str, Any], source: Path | None, kernel: Kernel
) -> Callable[[], Any]:
    if source is not None:
        check = getattr(kernel, "check_input", None)
        return (lambda: None) if check is None else (lambda: check(source))
    simulation = getattr(kernel, "check_simulation", None)
    if simulation is None:
        raise HifredError(f"[models.{name}] must have input; nothing can simulate it.")
    return lambda: simulation(name, model["simulate"])


def materialise(
    directory: SweepDirectory,
    name: str,
    model: Mapping[str, Any],
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
            kernel.simulate(name, model["simulate"], seed=seed, path=part)  # type: ignore[attr-defined]
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
