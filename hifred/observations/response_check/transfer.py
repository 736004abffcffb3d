r"""What an imager and a spectrometer both see, brought to a common shape.

With :math:`m_i = G_i Z K_i^T` and :math:`m_s = G_s Z K_s^T`, the spectrometer's counts
seen through the imager's channels and the imager's counts seen through the
spectrometer's pixels have the same mean, whatever the sky is:

.. math:: G_i G_s^{-1} m_s = m_i (K_s K_i^{-1})^T

In the matched model :math:`G_s` is diagonal and :math:`K_i` the identity, so that the
inverses are exact; else they are a few linear correction steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from hifred.observations.observation import background_of, mask_of
from hifred.operators.matrix import Kronecker, Matrix
from hifred.operators.response import Response

# More groups of channels cost time and tell no more.
MOST_GROUPS = 60
N_CORRECTIONS = 6
# A prediction that draws more than this share from what was not seen is left out.
UNSEEN_SHARE = 0.005
# A channel whose response, at the end of the energy grid, is above this fraction of
# its peak may record photons from beyond; likewise for pixels.
CUT_SHARE = 1e-2
FEWEST_COMPLETE = 5

Rows = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Blur:
    """The spatial matrices of one response, averaged over energy."""

    terms: tuple[tuple[float, Matrix], ...]

    def forward(self, images: np.ndarray) -> np.ndarray:
        """Return (n, instrument pixels) from (n, sky pixels)."""
        return np.sum([c * k.apply_rows(images) for c, k in self.terms], axis=0)

    def backward(self, images: np.ndarray) -> np.ndarray:
        """Return (n, sky pixels) from (n, instrument pixels)."""
        return np.sum([c * k.adjoint_rows(images) for c, k in self.terms], axis=0)

    def variance(self, variances: np.ndarray) -> np.ndarray:
        """Return the variance of `forward` for independent sky pixels, or a bound."""
        parts = [
            abs(c) * _leading(k).squared().apply_rows(variances) for c, k in self.terms
        ]
        return np.sum(parts, axis=0)


def _leading(matrix: Matrix) -> Matrix:
    """Return the strongest separable term: enough for a variance, and cheap."""
    if isinstance(matrix, Kronecker):
        return Kronecker(matrix.along_y[:1], matrix.along_x[:1])
    return matrix


@dataclass(frozen=True, eq=False)
class Comparison:
    """An imager and a spectrometer brought to groups of channels x pixels.

    Attributes
    ----------
    seen : (group, pixel) array, count
        The spectrometer's counts through the imager's channels.
    transfer : (group, channel) array
        How they were made from the spectrometer's counts.
    spectra, net_spectrum : (channel,) arrays, count
        The spectrometer's counts summed over the used pixels, with background (their
        variance) and without.
    sky_images : (group, sky pixel) array, count
        The imager's counts on the sky's pixels.
    sky_variances : (group, sky pixel) array
    predicted : (group, pixel) array, count
        `sky_images` through the spectrometer's pixels.
    sky_spectrum : (energy,) array
        The spectrometer's spectrum on the sky's energies.
    channels : (energy, group) array
        Response of the imager's groups.
    blur : Blur
        The spectrometer's.
    pixels : (pixel,) bool array, groups : (group,) bool array
        Where the comparison holds: seen by both, not cut by the edge of the model.
    dead : (group,) bool array
        Groups that draw on channels which one of the two does not use at all.
    raw : (channel, pixel) array, count
        The spectrometer's counts, 0 where masked, background included.
    """

    seen: np.ndarray
    raw: np.ndarray
    transfer: np.ndarray
    spectra: np.ndarray
    net_spectrum: np.ndarray
    sky_images: np.ndarray
    sky_variances: np.ndarray
    predicted: np.ndarray
    sky_spectrum: np.ndarray
    channels: np.ndarray
    blur: Blur
    pixels: np.ndarray
    groups: np.ndarray
    dead: np.ndarray


def compare(
    imager: xr.Dataset,
    imager_response: Response,
    spectrometer: xr.Dataset,
    spectrometer_response: Response,
) -> Comparison:
    """Bring two observations of one sky to a common shape."""
    fine = _mean_spectral(spectrometer_response)
    blurs = _mean_blurs(imager_response, spectrometer_response, spectrometer)
    groups = channel_groups(imager.sizes["channel"])
    channels = _mean_spectral(imager_response).adjoint(groups.T)
    transfer = _unfolded_transposed(fine, channels).T
    images, sky_variances, unseen = _sky_images(imager, blurs[0], groups)
    dead = groups @ _dead_channels(imager) > 0
    counts, raw = _usable(spectrometer), _recorded(spectrometer)
    dead |= _unseen_share(transfer, _dead_channels(spectrometer)) > UNSEEN_SHARE
    whole_groups = _uncut(channels[[0, -1]].max(axis=0), channels.max(axis=0)) & ~dead
    seen = _seen(spectrometer, transfer[whole_groups], blurs[1], unseen)
    whole_pixels = _uncut_pixels(blurs[1], spectrometer_response.input_shape[1:])
    pixels = _enough(whole_pixels & seen, seen)
    net = counts[:, pixels].sum(axis=1)
    return Comparison(
        seen=transfer @ counts,
        raw=raw,
        transfer=transfer,
        spectra=raw[:, pixels].sum(axis=1),
        net_spectrum=net,
        sky_images=images,
        sky_variances=sky_variances,
        predicted=blurs[1].forward(images),
        sky_spectrum=_unfolded(fine.apply, fine.adjoint, net[:, None])[:, 0],
        channels=channels,
        blur=blurs[1],
        pixels=pixels,
        groups=whole_groups,
        dead=dead,
    )


def _dead_channels(observation: xr.Dataset) -> np.ndarray:
    """Return which channels (channel,) no pixel uses, of those that use any."""
    used = _flat(mask_of(observation)).any(axis=1)
    return np.asarray(~used & used.any())


def _unseen_share(transfer: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Return how much of what makes a group comes from unseen channels."""
    weights = np.abs(transfer)
    return (weights @ unseen) / np.maximum(weights.sum(axis=1), 1e-300)


def _recorded(observation: xr.Dataset) -> np.ndarray:
    """Return counts, 0 where masked, (channel, pixel)."""
    return _flat(np.where(mask_of(observation), observation["counts"].values, 0))


def _flat(cube: np.ndarray) -> np.ndarray:
    return np.asarray(cube).reshape(len(cube), -1)


def _usable(observation: xr.Dataset) -> np.ndarray:
    """Return counts less background, 0 where masked, (channel, pixel)."""
    counts = observation["counts"].values - background_of(observation)
    return _flat(np.where(mask_of(observation), counts, 0.0))


def channel_groups(n_channels: int) -> np.ndarray:
    """Return the 0-1 matrix (group, channel) of neighbouring channels."""
    n_groups = min(n_channels, MOST_GROUPS)
    group = np.arange(n_channels) * n_groups // n_channels
    return (group == np.arange(n_groups)[:, None]).astype(float)


class _SumOfSpectral:
    """The spectral matrices of one response, averaged over the field."""

    def __init__(self, terms: list[tuple[float, Matrix]]) -> None:
        self.terms = terms

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.sum([c * g.apply(x) for c, g in self.terms], axis=0)

    def adjoint(self, y: np.ndarray) -> np.ndarray:
        return np.sum([c * g.adjoint(y) for c, g in self.terms], axis=0)


def _mean_spectral(response: Response) -> _SumOfSpectral:
    n_sky = response.input_shape[1] * response.input_shape[2]
    flat = np.ones((1, n_sky))
    return _SumOfSpectral(
        [(float(k.apply_rows(flat).mean()), g) for g, k in response.pairs]
    )


def _mean_blurs(
    imager_response: Response, spectrometer_response: Response, spectrometer: xr.Dataset
) -> list[Blur]:
    """Return the blurs of both, averaged over the spectrum that was observed."""
    fine = _mean_spectral(spectrometer_response)
    counts = np.maximum(_usable(spectrometer).sum(axis=1), 0.0) + 1e-6
    spectrum = _unfolded(fine.apply, fine.adjoint, counts[:, None])
    return [
        _mean_blur(response, np.maximum(spectrum, 0.0))
        for response in (imager_response, spectrometer_response)
    ]


def _mean_blur(response: Response, spectrum: np.ndarray) -> Blur:
    flat = np.ones((1, response.input_shape[1] * response.input_shape[2]))
    recorded = [float(g.apply(spectrum).sum()) for g, _ in response.pairs]
    passed = [float(k.apply_rows(flat).mean()) for _, k in response.pairs]
    total = float(np.dot(recorded, passed))
    terms = zip(recorded, response.pairs, strict=True)
    return Blur(tuple((r / total, k) for r, (_, k) in terms))


def _inverse(sums: np.ndarray) -> np.ndarray:
    """Return 1 / sums, and 0 where there is nothing to divide by."""
    there = sums > 1e-9 * sums.max(initial=0.0)
    return np.where(there, 1.0 / np.where(there, sums, 1.0), 0.0)


def _unfolded(forward: Rows, backward: Rows, data: np.ndarray) -> np.ndarray:
    """Return columns of sky whose `forward` is close to columns of data; linear."""
    into = _inverse(forward(np.ones((backward(data).shape[0], 1))))
    out_of = _inverse(backward(np.ones((data.shape[0], 1))))
    found = np.zeros((out_of.shape[0], data.shape[1]))
    for _ in range(N_CORRECTIONS):
        found += out_of * backward(into * (data - forward(found)))
    return found


def _unfolded_transposed(matrix: _SumOfSpectral, rows: np.ndarray) -> np.ndarray:
    """Return the transpose of `_unfolded` applied to columns of sky."""
    out_of = _inverse(matrix.adjoint(np.ones((matrix.apply(rows).shape[0], 1))))
    into = _inverse(matrix.apply(np.ones((rows.shape[0], 1))))
    left, found = rows, 0.0
    for _ in range(N_CORRECTIONS):
        part = into * matrix.apply(out_of * left)
        found = found + part
        left = left - matrix.adjoint(part)
    return np.asarray(found)


def _sky_images(
    imager: xr.Dataset, blur: Blur, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the imager's counts on the sky's pixels, variances, and what is unseen."""

    def forward(x: np.ndarray) -> np.ndarray:
        return blur.forward(x.T).T

    def backward(y: np.ndarray) -> np.ndarray:
        return blur.backward(y.T).T

    mask = mask_of(imager)
    counts = groups @ _recorded(imager)
    images = _unfolded(forward, backward, (groups @ _usable(imager)).T).T
    once = _inverse(backward(np.ones((counts.shape[1], 1))))[:, 0]
    raw = _unfolded(forward, backward, counts.T).T
    alive = ~_dead_channels(imager)
    masked = _flat(~mask)[alive].any(axis=0, keepdims=True).astype(float)
    unseen = np.asarray((blur.backward(masked)[0] > 0) | (once == 0))
    return images, np.maximum(raw, 0.0) * once, unseen


def _seen(
    spectrometer: xr.Dataset, transfer: np.ndarray, blur: Blur, unseen: np.ndarray
) -> np.ndarray:
    """Return which pixels draw on used voxels alone, in every group of channels."""
    weights = np.abs(transfer)
    alive = ~_dead_channels(spectrometer)
    masked = weights[:, alive] @ _flat(~mask_of(spectrometer))[alive]
    all_of = blur.forward(np.ones((1, unseen.size)))[0]
    missing = blur.forward(unseen[None].astype(float))[0]
    used = masked <= UNSEEN_SHARE * weights.sum(axis=1, keepdims=True)
    return np.asarray(used.all(axis=0) & (missing <= UNSEEN_SHARE * all_of))


def _uncut(at_the_edge: np.ndarray, peak: np.ndarray) -> np.ndarray:
    whole = np.asarray(at_the_edge <= CUT_SHARE * peak)
    return _enough(whole, np.ones_like(whole))


def _enough(wanted: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return the stricter choice unless it leaves next to nothing."""
    return wanted if wanted.sum() >= FEWEST_COMPLETE else otherwise


def _uncut_pixels(blur: Blur, image_shape: tuple[int, ...]) -> np.ndarray:
    """Return the pixels that the rim of the sky sends next to nothing."""
    rim = np.ones(image_shape)
    rim[1:-1, 1:-1] = 0.0
    drawn = blur.forward(np.stack([rim.ravel(), np.ones(rim.size)]))
    return np.asarray(drawn[0] <= CUT_SHARE * drawn[1])


def imager_spectrum(
    comparison: Comparison, usual: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the imager's counts in the used pixels, and their covariance with noise.

    The noise of the spectrometer's spectrum, which makes the prediction, is included.

    Parameters
    ----------
    comparison : Comparison
    usual : float
        The spectrometer's counts over those that the imager's sky makes expect: the
        imager's own noise counts as many times.

    Returns
    -------
    (group,) array, counts; (group, group) array, counts squared
    """
    groups, pixels = comparison.groups, comparison.pixels
    seen = comparison.predicted[groups][:, pixels].sum(axis=1)
    weights = comparison.blur.backward(pixels[None].astype(float))[0]
    own = comparison.sky_variances[groups] @ weights**2
    transfer = comparison.transfer[groups]
    shared = (transfer * comparison.spectra) @ transfer.T
    floor = 1e-12 * max(float(np.trace(shared)), 1.0)
    return seen, np.diag(usual**2 * own + floor) + shared
