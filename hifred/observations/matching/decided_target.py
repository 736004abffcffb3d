"""The resolution of the sky, decided once: by `hifred prepare`, or by the fusion."""

from collections.abc import Iterable

import xarray as xr

from hifred.errors import SettingsError

SPATIAL_TARGET = "target_spatial"
SPECTRAL_TARGET = "target_spectral"
# Attribute of an observation, and the value that says that its matrices lead from a
# sky at the resolution of an instrument: what that blurs is divided out of them.
_DECIDED = {SPATIAL_TARGET: "imager", SPECTRAL_TARGET: "spectrometer"}


def decided_targets(observations: Iterable[xr.Dataset]) -> dict[str, str]:
    """Return the instruments at whose resolution observations were prepared, by key."""
    return {
        key: role
        for observation in observations
        for key, role in _DECIDED.items()
        if observation.attrs.get(key) == role
    }


def check_target(decided: dict[str, str], target_resolution: object) -> None:
    """Refuse a resolution that is not the one in the responses.

    Parameters
    ----------
    decided : dict of str
        From `decided_targets`.
    target_resolution : object
        What is asked of the fusion.

    Raises
    ------
    SettingsError
        If an unblurred sky is asked of responses that lead from a blurred one.
    """
    if target_resolution != "intrinsic" or not decided:
        return
    key, role = next(iter(decided.items()))
    raise SettingsError(
        "target_resolution must be 'matched' for an input that was prepared at the "
        f"resolution of its {role}; got 'intrinsic'. Prepare it with "
        f'{key.removeprefix("target_")} = "intrinsic" in [target].'
    )
