"""Settings that only the input of their model can refuse, checked before any trial."""

from collections.abc import Mapping
from pathlib import Path

from hifred.errors import SettingsError
from hifred.sweep.kernels.kernel import Kernel
from hifred.sweep.plan.declaration import Declaration, ModelSource
from hifred.sweep.plan.expansion import Expansion
from hifred.sweep.plan.inputs import is_there
from hifred.sweep.record.layout import SweepDirectory


def check_trials(
    directory: SweepDirectory,
    declaration: Declaration,
    expansion: Expansion,
    sources: Mapping[str, Path | None],
    kernel: Kernel,
) -> None:
    """Refuse settings that the input of their model does not allow.

    Raises
    ------
    SettingsError
        Naming the model.
    """
    checks = {
        name: kernel.trial_check(name, place)
        for name, model in declaration.models.items()
        if (place := _input_or_simulation(directory, name, model, sources)) is not None
    }
    for point in expansion.points:
        if point.model not in checks:
            continue
        try:
            checks[point.model](point.settings)
        except SettingsError as error:
            raise SettingsError(f"model {point.model!r}: {error}") from error


def _input_or_simulation(
    directory: SweepDirectory,
    name: str,
    model: ModelSource,
    sources: Mapping[str, Path | None],
) -> Path | Mapping[str, object] | None:
    source = sources[name]
    if source is None:
        return model.simulation
    found = [path for path in (directory.input(name), source) if is_there(path)]
    return found[0] if found else None
