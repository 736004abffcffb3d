"""Where everything lies in a sweep directory."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from hifred.errors import HifredError
from hifred.store.durable import is_special
from hifred.store.trial_file import SUFFIX, input_path, trial_path

PLAN_NAME = "plan.jsonl"
DECLARATION_NAME = "sweep.toml"
LINES_NAME = "lines.toml"
_OURS = {
    DECLARATION_NAME, LINES_NAME, PLAN_NAME, "inputs", "products", "trials", "draws",
    "events", "checkpoints", "results", "driver.lock", "driver.lock.guard", "damaged",
    "cluster", "logs",
}  # fmt: skip


@final
@dataclass(frozen=True)
class SweepDirectory:
    """Paths inside one sweep directory; it can be moved as a whole.

    Parameters
    ----------
    root : path
        The directory itself.
    """

    root: Path

    @property
    def declaration(self) -> Path:
        return self.root / DECLARATION_NAME

    @property
    def lines(self) -> Path:
        """Return the file of the lines that are mapped for every trial, if any."""
        return self.root / LINES_NAME

    @property
    def products(self) -> Path:
        return self.root / "products"

    @property
    def plan(self) -> Path:
        return self.root / PLAN_NAME

    @property
    def inputs(self) -> Path:
        return self.root / "inputs"

    @property
    def events(self) -> Path:
        return self.root / "events"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def damaged(self) -> Path:
        return self.root / "damaged"

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def lock(self) -> Path:
        return self.root / "driver.lock"

    def input(self, model: str) -> Path:
        """Return where the input of `model` is kept."""
        return input_path(self.root, model)

    def trial(self, trial_id: str) -> Path:
        """Return where the finished trial is, or will be, published."""
        return trial_path(self.root, trial_id)

    def checkpoint(self, trial_id: str) -> Path:
        """Return where the latest state of a running trial is kept."""
        return self.checkpoints / f"{trial_id}.npz"

    def stop_marker(self, trial_id: str) -> Path:
        """Return the file whose presence asks a running trial to stop."""
        return self.checkpoints / f"{trial_id}.stop"

    def check_plain(self) -> None:
        """Raise `HifredError` if one of our files is a folder, a pipe or a device."""
        named = (self.declaration, self.lines, self.plan, self.lock)
        for path in (*named, self.results / "CURRENT"):
            if is_special(path):
                raise HifredError(
                    f"{path} must be a file; it is a folder, a pipe or a device. Look "
                    "who made it, and remove it."
                )

    def published(self) -> set[str]:
        """Return the ids of all finished trials."""
        return {
            path.name.removesuffix(SUFFIX)
            for folder in self._trial_folders()
            for path in folder.iterdir()
            if path.name.endswith(SUFFIX) and not path.name.startswith(".")
        }

    def _trial_folders(self) -> list[Path]:
        return [path for path in self.trials.glob("??") if path.is_dir()]

    def create(self) -> None:
        """Make the folders, or say why this directory cannot be used.

        Raises
        ------
        HifredError
            If the directory cannot be written, or holds somebody else's files.
        """
        try:
            self.check_plain()
            self._refuse_foreign()
            for folder in (self.trials, self.events, self.checkpoints, self.inputs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HifredError(
                f"sweep directory must be writable; {self.root}: {error.strerror}. "
                "Choose another directory, or free this one."
            ) from error

    def _refuse_foreign(self) -> None:
        if not self.root.exists() or self.plan.exists():
            return
        foreign = sorted(
            path.name
            for path in self.root.iterdir()
            if path.name not in _OURS and not path.name.startswith(".")
        )
        if foreign and not self.declaration.exists():
            raise HifredError(
                f"sweep directory must be new or a sweep; {self.root} holds "
                f"{', '.join(foreign[:3])}. Choose another directory."
            )


def open_directory(root: str | Path) -> SweepDirectory:
    """Return the sweep directory at `root`, which must have a plan.

    Raises
    ------
    HifredError
        If there is none.
    """
    directory = SweepDirectory(Path(root))
    directory.check_plain()
    if not directory.plan.is_file():
        raise HifredError(
            f"DIR must be a sweep directory; {root} has no {PLAN_NAME}. "
            "Start it with `hifred run`."
        )
    return directory
