"""One trial as a row of the collected results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from hifred.store.trial_file import scalar_measures

# Flags of `status`, after the CF conventions. NaN never means missing: status does.
STATUS_FLAGS = {
    "pending": 0, "submitted": 1, "running": 2, "done": 3, "failed": 4, "diverged": 5,
    "timeout": 6, "oom": 7, "lost": 8, "cancelled": 9, "damaged": 10,
}  # fmt: skip
NOT_PLANNED = 255


@final
@dataclass(frozen=True)
class TrialRow:
    """What the collected store says about one trial.

    Parameters
    ----------
    trial_id : str
        Twelve hex digits.
    model : str
        Name of its model.
    settings : mapping
        The settings it reads.
    seed : int
        Its seed.
    status : str
        A key of `STATUS_FLAGS`.
    message : str
        Why it has no result, when it has none.
    attributes : mapping or None
        Attributes of its file, when it is done.
    """

    trial_id: str
    model: str
    settings: Mapping[str, Any]
    seed: int
    status: str
    message: str = ""
    attributes: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def record(self) -> str:
        """Return attributes as JSON text: empty when it has no result."""
        if self.attributes is None:
            return ""
        return json.dumps(self.attributes, separators=(",", ":"), sort_keys=True)

    @property
    def measures(self) -> dict[str, float]:
        """Return its scalars, by name."""
        return scalar_measures(self.attributes or {})

    @property
    def grid(self) -> tuple[tuple[int, ...], str]:
        """Return shape and digest of its cube's grid."""
        if self.attributes is None:
            return (), ""
        facts = self.attributes["grid"]
        return tuple(facts["shape"]), facts["digest"]
