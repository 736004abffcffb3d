"""Compiled fits of one or two lines on a continuum, spectrum by spectrum.

The parameters of a spectrum are, in this order: the continuum (photon cm-2 s-1 keV-1)
at the lower and at the upper end of the band, the variance of a line beside the
resolution (keV2), and for every line its flux (photon cm-2 s-1) and its energy (keV).
"""

import math

import numpy as np

from hifred.compiling import njit

N_SHARED = 3  # continuum at both ends, variance
ROOT_2 = math.sqrt(2.0)
ROOT_2_PI = math.sqrt(2.0 * math.pi)
FARTHEST = 6.5  # standard deviations beyond which a Gaussian is nothing
# Outcomes of a fit.
FITTED, STEP_LIMIT, AT_BOUND, DARK = 0, 1, 2, 3
# Variances of a bin below this share of the mean one would give empty bins all weight.
LEAST_VARIANCE = 0.02
DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-12, 1e5


@njit(nogil=True, cache=True, error_model="numpy")
def _add_line(low, high, shape, variance, flux, energy, model, slope, column):  # type: ignore[no-untyped-def]
    """Add a line to `model`, and its derivatives to the columns of `slope`."""
    shares, offsets, variances = shape
    for j in range(shares.size):
        total = variances[j] + variance
        sigma = math.sqrt(total)
        centre = energy + offsets[j]
        last = math.nan
        phi = density = place = 0.0
        for i in range(low.size):
            if low[i] != last:
                place = (low[i] - centre) / sigma
                phi, density = _normal(place)
            phi_low, density_low, place_low = phi, density, place
            place = (high[i] - centre) / sigma
            phi, density = _normal(place)
            last = high[i]
            share = shares[j]
            inside = share * (phi - phi_low)
            model[i] += flux * inside
            slope[i, column] += inside
            slope[i, column + 1] += flux * share * (density_low - density) / sigma
            slope[i, 2] += (
                flux * share * (place_low * density_low - place * density) / (2 * total)
            )


@njit(nogil=True, cache=True, error_model="numpy")
def _normal(place):  # type: ignore[no-untyped-def]
    """Return the cumulative normal distribution and its density."""
    if place > FARTHEST:
        return 1.0, 0.0
    if place < -FARTHEST:
        return 0.0, 0.0
    density = math.exp(-0.5 * place * place) / ROOT_2_PI
    return 0.5 * (1.0 + math.erf(place / ROOT_2)), density


@njit(nogil=True, cache=True, error_model="numpy")
def evaluate(bins, shape, values, model, slope):  # type: ignore[no-untyped-def]
    """Write the flux that `values` expect in every bin, and its derivatives."""
    low, high = bins
    first, last = low[0], high[-1]
    for i in range(low.size):
        width = high[i] - low[i]
        upper = (0.5 * (low[i] + high[i]) - first) / (last - first)
        model[i] = width * ((1.0 - upper) * values[0] + upper * values[1])
        slope[i, :] = 0.0
        slope[i, 0] = width * (1.0 - upper)
        slope[i, 1] = width * upper
    for k in range((values.size - N_SHARED) // 2):
        column = N_SHARED + 2 * k
        flux, energy = values[column], values[column + 1]
        _add_line(low, high, shape, values[2], flux, energy, model, slope, column)


@njit(nogil=True, cache=True, error_model="numpy")
def _write_weights(model, exposure, least, weights):  # type: ignore[no-untyped-def]
    """Write one over the variance of the flux: that of counts, but for a scale."""
    for i in range(model.size):
        count = model[i] * exposure[i]
        weights[i] = exposure[i] ** 2 / (least if count < least else count)


@njit(nogil=True, cache=True, error_model="numpy")
def misfit(data, model, weights):  # type: ignore[no-untyped-def]
    """Return the weighted sum of squared residuals."""
    total = 0.0
    for i in range(data.size):
        total += weights[i] * (data[i] - model[i]) ** 2
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def _normal_equations(data, model, slope, weights, matrix, right):  # type: ignore[no-untyped-def]
    matrix[:, :] = 0.0
    right[:] = 0.0
    n = right.size
    for i in range(data.size):
        residual = weights[i] * (data[i] - model[i])
        for a in range(n):
            right[a] += slope[i, a] * residual
            scaled = weights[i] * slope[i, a]
            for b in range(a + 1):
                matrix[a, b] += scaled * slope[i, b]


@njit(nogil=True, cache=True, error_model="numpy")
def _solve(matrix, damping, right, factor, step):  # type: ignore[no-untyped-def]
    """Solve (matrix + damping diag(matrix)) step = right by Cholesky factors."""
    n = right.size
    for a in range(n):
        for b in range(a + 1):
            total = matrix[a, b] * (1.0 + damping) if a == b else matrix[a, b]
            for c in range(b):
                total -= factor[a, c] * factor[b, c]
            if a > b:
                factor[a, b] = total / factor[b, b]
            elif total > 1e-13 * matrix[a, a]:
                factor[a, a] = math.sqrt(total)
            else:
                return False
    for a in range(n):
        total = right[a]
        for c in range(a):
            total -= factor[a, c] * step[c]
        step[a] = total / factor[a, a]
    for a in range(n - 1, -1, -1):
        total = step[a]
        for c in range(a + 1, n):
            total -= factor[c, a] * step[c]
        step[a] = total / factor[a, a]
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _bounded(values, bounds):  # type: ignore[no-untyped-def]
    """Put a trial within its bounds; return whether it had left them."""
    least_variance, most_variance, lowest, highest = bounds
    outside = values[2] > most_variance
    values[2] = min(max(values[2], least_variance), most_variance)
    for k in range(N_SHARED + 1, values.size, 2):
        outside = outside or values[k] < lowest or values[k] > highest
        values[k] = min(max(values[k], lowest), highest)
    return outside


@njit(nogil=True, cache=True, error_model="numpy")
def _try_steps(data, bins, shape, bounds, values, weights, normal, room, damping):  # type: ignore[no-untyped-def]
    """Write the first trial that does not fit worse; damp the step until one does.

    Returns the damping, above `MOST_DAMPING` if none does, and whether the trial had
    left its bounds.
    """
    matrix, right = normal
    trial, model, slope, factor, step, before = room
    cost = misfit(data, before, weights)
    outside = False
    while damping <= MOST_DAMPING:
        if _solve(matrix, damping, right, factor, step):
            trial[:] = values + step
            outside = _bounded(trial, bounds)
            evaluate(bins, shape, trial, model, slope)
            if misfit(data, model, weights) <= cost * (1.0 + 1e-12):
                break
        damping = max(10.0 * damping, DAMPING)
    return damping, outside


@njit(nogil=True, cache=True, error_model="numpy")
def fit_one(data, exposure, bins, shape, bounds, values, tolerance, n_steps):  # type: ignore[no-untyped-def]
    """Fit one spectrum from `values`, which are replaced; return how it ended.

    Scoring: the weights follow the model, so that the estimate is that of the Poisson
    likelihood. Ends when a step is below `tolerance` standard errors.
    """
    n, n_bins = values.size, data.size
    mean = np.mean(np.abs(data) * exposure)
    if not mean > 0.0:
        return DARK
    model, slope, weights = np.empty(n_bins), np.empty((n_bins, n)), np.empty(n_bins)
    before, normal = np.empty(n_bins), (np.empty((n, n)), np.empty(n))
    factor, step, trial = np.zeros((n, n)), np.empty(n), np.empty(n)
    room = (trial, model, slope, factor, step, before)
    evaluate(bins, shape, values, model, slope)
    damping = DAMPING
    for _ in range(n_steps):
        _write_weights(model, exposure, LEAST_VARIANCE * mean, weights)
        _normal_equations(data, model, slope, weights, *normal)
        before[:] = model
        damping, outside = _try_steps(
            data, bins, shape, bounds, values, weights, normal, room, damping
        )
        if damping > MOST_DAMPING:
            return STEP_LIMIT
        length = _length(normal[0], values, trial)
        values[:] = trial
        if length < tolerance**2 and damping <= DAMPING:
            return AT_BOUND if outside else FITTED
        damping = max(0.1 * damping, LEAST_DAMPING)
    return STEP_LIMIT


@njit(nogil=True, cache=True, error_model="numpy")
def _length(matrix, values, trial):  # type: ignore[no-untyped-def]
    """Return the squared length of a step in standard errors."""
    total = 0.0
    for a in range(values.size):
        step = trial[a] - values[a]
        total += matrix[a, a] * step * step
        for b in range(a):
            total += 2.0 * matrix[a, b] * step * (trial[b] - values[b])
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def fit_all(  # type: ignore[no-untyped-def]
    data, exposure, bins, shape, bounds, values, tolerance, n_steps, status, start, stop
):
    """Fit the spectra `start` to `stop`; each row of `values` is where one begins."""
    for k in range(start, stop):
        status[k] = fit_one(
            data[k], exposure, bins, shape, bounds, values[k], tolerance, n_steps
        )


@njit(nogil=True, cache=True, error_model="numpy")
def write_misfits(  # type: ignore[no-untyped-def]
    data, exposure, bins, shape, values, weigher, out, start, stop
):
    """Write the misfit of `values`, weighted by what `weigher` expects."""
    n_bins = data.shape[1]
    model, weights = np.empty(n_bins), np.empty(n_bins)
    slope = np.empty((n_bins, max(values.shape[1], weigher.shape[1])))
    for k in range(start, stop):
        mean = np.mean(np.abs(data[k]) * exposure)
        evaluate(bins, shape, weigher[k], model, slope)
        _write_weights(model, exposure, LEAST_VARIANCE * mean, weights)
        evaluate(bins, shape, values[k], model, slope)
        out[k] = misfit(data[k], model, weights)
