"""What decides a trial of a fusion beside its input, read once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self, final

from hifred.errors import SettingsError, unknown_name
from hifred.fusion import FusionSettings, active_settings
from hifred.selection import Split, read_split
from hifred.sweep.kernels.kernel import Settings


@final
@dataclass(frozen=True)
class FusionTask:
    """A fusion and the fits of thinned counts before it.

    Parameters
    ----------
    fusion : FusionSettings
    held_out : Split or None
        How counts are held out to score the settings; None = they are not.
    """

    fusion: FusionSettings
    held_out: Split | None = None

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Read the settings of a trial; its seed draws nothing in a fusion.

        Raises
        ------
        SettingsError
            If a key is unknown or a value makes no sense.
        """
        own = {k: v for k, v in settings.items() if k not in ("seed", "metrics")}
        metrics = settings.get("metrics") or {}
        return cls(FusionSettings.read(own), _read_metrics(metrics))

    def active(self) -> dict[str, object]:
        """Return the settings that are read, as a plan keeps them."""
        found: dict[str, object] = dict(active_settings(self.fusion))
        if self.held_out is not None:
            split = asdict(self.held_out) | {"seeds": list(self.held_out.seeds)}
            found["metrics"] = {"held_out": split}
        return found


def _read_metrics(table: object) -> Split | None:
    if not isinstance(table, Mapping):
        raise SettingsError(f"[metrics] must be a table; got {table!r}.")
    for key in table:
        if key != "held_out":
            raise unknown_name("key in [metrics]", str(key), ["held_out"])
    return read_split(table["held_out"]) if "held_out" in table else None
