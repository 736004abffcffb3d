"""Where the data deviate from a fusion by more than noise does."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from scipy import stats

from hifred.measures import deviance
from hifred.observations import mask_of
from hifred.selection.verdicts import Level, Verdict

LIMIT_SIGMAS = 4.0
# Of many places some deviate by chance: the limit is raised until fewer than this
# many of them are expected to pass it.
CHANCE = 0.01


def residual_verdicts(
    model: str,
    trial: str,
    observations: Mapping[str, xr.Dataset],
    expected: Mapping[str, np.ndarray],
) -> Iterator[Verdict]:
    """Yield the worst pixel and the worst energy of each instrument, if beyond noise.

    Parameters
    ----------
    model, trial : str
        What it is about.
    observations : mapping of instrument to observation
    expected : mapping of instrument to (channel, y, x) array, count
        What the fusion predicts, background included.
    """
    for name, observation in observations.items():
        used = mask_of(observation)
        counts = np.where(used, observation["counts"].to_numpy(), 0)
        predicted = np.where(used, expected[name], 0.0)
        image = significance(counts.sum(axis=0), predicted.sum(axis=0))
        places = {"pixel": (image, _pixel_text(observation, image))}
        spectrum = significance(counts.sum(axis=(1, 2)), predicted.sum(axis=(1, 2)))
        places["energy"] = (spectrum, _energy_text(observation, spectrum))
        for values, place in places.values():
            worst = values.ravel()[int(np.argmax(np.abs(values)))]
            if abs(worst) > limit_sigmas(values.size):
                yield _residual(model, trial, name, worst=float(worst), place=place)


def significance(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    r"""Return how far counts are from what is expected, in standard deviations.

    .. math:: \mathrm{sign}(d - m) \sqrt{2 (m - d + d \ln (d / m))}

    Notes
    -----
    The signed root of the deviance; unlike :math:`(d - m) / \sqrt{m}` it is about
    normal for a few counts too (Li & Ma 1983, with a known background).
    """
    floor = np.maximum(expected, 1e-9)
    return np.asarray(np.sign(counts - floor) * np.sqrt(deviance(counts, floor)))


def limit_sigmas(n_places: int) -> float:
    """Return the deviation that fewer than 0.01 of `n_places` pass by chance."""
    return max(LIMIT_SIGMAS, float(stats.norm.isf(CHANCE / (2 * n_places))))


def _residual(
    model: str, trial: str, instrument: str, *, worst: float, place: str
) -> Verdict:
    what = "more" if worst > 0 else "fewer"
    return Verdict(
        "residual",
        Level.WARNING,
        model,
        f"{instrument} has {what} counts than the fusion, {worst:+.1f} σ, {place}.",
        "A source or a line that is not fitted, or a wrong response: "
        "look at the residuals.",
        trial,
    )


def _pixel_text(observation: xr.Dataset, image: np.ndarray) -> str:
    row, column = np.unravel_index(int(np.argmax(np.abs(image))), image.shape)
    x, y = float(observation["x"][column]), float(observation["y"][row])
    return f"at x = {x:.4g}, y = {y:.4g} arcsec"


def _energy_text(observation: xr.Dataset, spectrum: np.ndarray) -> str:
    channel = int(np.argmax(np.abs(spectrum)))
    low, high = observation["channel_edges"].to_numpy()[channel : channel + 2]
    return f"at {(low + high) / 2:.5g} keV"
