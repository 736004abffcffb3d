"""The bias of a fit, taken off as refits of what it expects itself show it."""

from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from hifred import dims
from hifred.fusion import FusionSettings, fuse
from hifred.observations import predicted_counts
from hifred.observations.observation_checks import EXPECTED
from hifred.selection.thinning import with_counts

AUTO = "auto"


def less_its_bias(
    fitted: xr.Dataset,
    observations: Mapping[str, xr.Dataset],
    settings: FusionSettings,
    n_steps: int,
) -> np.ndarray:
    """Return the flux (energy, y, x) of a fit less the bias that its refits show.

    Parameters
    ----------
    fitted : Dataset
        Fusion of `observations` with `settings`.
    observations : mapping of str to Dataset
    settings : FusionSettings
        What they leave to the counts is held as it was chosen for the fit.
    n_steps : int
        One more fusion each; 0 returns the flux of the fit.

    Notes
    -----
    The counts that are fitted again are the expected ones themselves, not the mean over
    refits of many draws of them: the same where fits are linear in counts, and one
    fusion instead of many.
    """
    held = as_chosen(settings, fitted)

    def fit_again(flux: np.ndarray) -> np.ndarray:
        sky = fitted.assign(flux=(dims.SKY_CUBE, flux))
        return _flux(fuse(_noiseless(sky, observations), held))

    return less_bias(_flux(fitted), fit_again, n_steps)


def as_chosen(settings: FusionSettings, fitted: xr.Dataset) -> FusionSettings:
    """Return settings with the strength and rank that a fit took from its counts."""
    chosen: dict[str, object] = {}
    if getattr(settings, "rank", None) == AUTO:
        n_spectra = fitted.get("chosen_rank", fitted.sizes["component"])
        chosen["rank"] = int(n_spectra)
    if getattr(settings, "mu", None) == AUTO:
        chosen["mu"] = float(fitted["chosen_mu"])
    return settings.changed(**chosen)


def _noiseless(
    sky: xr.Dataset, observations: Mapping[str, xr.Dataset]
) -> dict[str, xr.Dataset]:
    """Return the observations with the counts that a sky makes expect."""
    expected = predicted_counts(sky, observations)
    return {
        name: with_counts(data, expected[name]).assign_attrs(counts_kind=EXPECTED)
        for name, data in observations.items()
    }


def less_bias(
    fit: np.ndarray, fit_again: Callable[[np.ndarray], np.ndarray], n_steps: int
) -> np.ndarray:
    r"""Return a fit less its bias, estimated anew after each step.

    .. math:: f_{i+1} = \max(0, f_0 - (\hat f(f_i) - f_i))

    With :math:`\hat f(f) = K f` the bias :math:`(K - 1) f` becomes
    :math:`-(1 - K)^{n+1} f` after ``n`` steps, and the errors grow.

    Parameters
    ----------
    fit : array
    fit_again : callable
        Returns what is fitted, in the mean, where an array is the truth.
    n_steps : int

    References
    ----------
    Kuusela & Panaretos (2015), Annals of Applied Statistics 9, 1671, section 5.
    """
    corrected = fit
    for _ in range(n_steps):
        corrected = np.maximum(fit - (fit_again(corrected) - corrected), 0.0)
    return corrected


def _flux(result: xr.Dataset) -> np.ndarray:
    return result["flux"].transpose(*dims.SKY_CUBE).to_numpy().astype(float)
