"""The lines that a sweep maps for every trial, kept in its directory."""

from pathlib import Path

from hifred.errors import SettingsError
from hifred.products.settings import read_lines
from hifred.settings.toml import read_text
from hifred.store.durable import replace_text
from hifred.sweep.plan.declaration import Declaration
from hifred.sweep.record.layout import SweepDirectory


def declared_lines(declaration: Declaration, sweep: SweepDirectory) -> Path | None:
    """Return the checked file of lines that a declaration names; None without one.

    A sweep that goes on from its own directory has a copy there, which is taken where
    the declared file is out of reach.

    Raises
    ------
    SettingsError
        If there is no such file, or what it says is wrong.
    """
    if declaration.products.lines is None:
        return None
    path = declaration.folder / declaration.products.lines
    if not path.is_file() and sweep.lines.is_file():
        path = sweep.lines
    try:
        read_lines(path)
    except SettingsError as error:
        raise SettingsError(f"[products] lines: {error}") from error
    return path


def keep_lines(path: Path | None, sweep: SweepDirectory) -> None:
    """Copy the file of lines into the sweep directory, or forget the one there."""
    if path is None:
        sweep.lines.unlink(missing_ok=True)
    elif path != sweep.lines:
        text = read_text(path, what="file of lines")
        if not sweep.lines.is_file() or sweep.lines.read_text("utf-8") != text:
            replace_text(sweep.lines, text)
