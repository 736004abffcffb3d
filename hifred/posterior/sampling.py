"""One draw after another of a fusion of low rank."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import final

import numpy as np
import xarray as xr

from hifred.dims import COUNT, IMAGE
from hifred.errors import HifredError
from hifred.functionals.shape_differences import ShapeDifferences
from hifred.fusion import Fusion, FusionSettings
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.result import components
from hifred.posterior.disturbances import Disturbances
from hifred.posterior.draws import DRAW, Draws
from hifred.posterior.misfits import misfits
from hifred.posterior.prior_strength import PriorStrength, prior_strength
from hifred.posterior.self_check import SelfCheck
from hifred.posterior.unseen_spectra import UnseenSpectra
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.low_rank_problem import LowRankProblem
from hifred.solvers.nearby_minimum import NearbyMinimum

# Largest difference of a likelihood from the recorded one, relative to it: rounding
# of processors passes, other counts do not.
SAME_COST = 1e-5
# The same of the strength of a penalty that is chosen from the counts.
SAME_STRENGTH = 0.05
# Of random numbers of the one sky that spectra left out are compared with.
LIKELY_SEED = 3
Observations = Mapping[str, xr.Dataset]


@final
class Sampler:
    """Draws of one fusion, one by one.

    Parameters
    ----------
    result : Dataset
    observations : mapping of str to Dataset
        See `hifred.posterior.posterior`.

    Raises
    ------
    HifredError
        If the result cannot be sampled, or is not of these observations.
    """

    def __init__(self, result: xr.Dataset, observations: Observations) -> None:
        self._settings = settings = settings_of(result)
        fusion = Fusion(observations, settings)
        method = fusion.method
        if not isinstance(method, LowRankMethod) or method.solver.problem.sparsity:
            raise _no_posterior(settings)
        _check_same_input(result, fusion)
        _check_same_choices(result, method)
        self.result, self.observations = result, observations
        self._subspace = method.subspace
        self._images = method.subspace.images_of(result)
        problem = method.solver.problem
        self._penalty = problem.penalty
        scaled = self._images / self._subspace.units
        self._nearby = _nearby_minimum(problem, scaled)
        # Draws lie softly above zero, the fit behind a wall, which pushes it.
        pushed = scaled.reshape(len(scaled), -1) - self._nearby.images
        self._pushed = pushed * self._share_of_light(pushed)

    @cached_property
    def strength(self) -> PriorStrength:
        """Return what the counts say about the strength of the penalty."""
        return prior_strength(self._nearby, self._disturbances)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for whatever makes the fit, and so the errors, wrong.

        A strength that was chosen from the counts errs least as it is, even where a sky
        is less smooth than most.
        """
        is_chosen = getattr(self._settings, "mu", None) == "auto"
        of_strength = () if is_chosen else self.strength.warnings
        return (*misfits(self.result, self.observations), *of_strength)

    @cached_property
    def _unseen(self) -> UnseenSpectra:
        subspace = self._subspace
        fit = self._images.reshape(len(self._images), -1)
        sky = self._likely_sky() * subspace.spreads[:, None]
        return UnseenSpectra(subspace, fit, sky)

    @cached_property
    def _disturbances(self) -> Disturbances:
        return Disturbances(self._nearby, self._subspace.assembly)

    def draw(self, seed: int, i_draw: int) -> np.ndarray:
        """Return the coefficient images (component, y, x) of one draw.

        Those of the subspace, then those of the spectra that it leaves out. Draws lie
        around the fit; how far its wall at zero pushes it is in doubt as a whole.
        """
        rng = np.random.default_rng([seed, i_draw])
        try:
            unseen = self._unseen.draw(rng)
            expected = self._unseen.expected_counts(unseen)
            flat = self._nearby.minimum(*self._disturbed(rng, expected))
        except ArithmeticError as error:
            raise HifredError(
                f"every draw must settle; got none for draw {i_draw} of seed {seed}: "
                f"{error} Sample with another seed, or fuse with a stronger penalty."
            ) from error
        drawn = flat + (1 + rng.standard_normal()) * self._pushed
        seen = drawn.reshape(self._images.shape) * self._subspace.units
        return np.concatenate([seen, unseen])

    def sources(self, weights: np.ndarray) -> np.ndarray:
        """Return what the true sky's coefficients add to a weighted sum of the fit's.

        Parameters
        ----------
        weights : (component, y, x) array

        Returns
        -------
        (component, y, x) array
            The derivative of the sum by the coefficients of the sky that is counted.
        """
        flat = (weights * self._subspace.units).reshape(len(weights), -1)
        found, influence = self._nearby.sources(flat)
        if isinstance(self._penalty, ShapeDifferences):
            found = found + self._through_the_guide(self._penalty, influence)
        return found.reshape(self._images.shape) / self._subspace.units

    def _through_the_guide(
        self, penalty: ShapeDifferences, influence: np.ndarray
    ) -> np.ndarray:
        """Return what the sky adds by the image that guides, which shows it as well."""
        images = self._images / self._subspace.units
        slope = -penalty.guide_slope(influence.reshape(images.shape), images)
        slopes = self._subspace.assembly.brightness_slopes(slope)
        return np.sum([self._nearby.pull(*named) for named in slopes.items()], axis=0)

    def draws(self, images: np.ndarray) -> Draws:
        """Return coefficient images (component, y, x, draw) with all that they need."""
        drawn = images.astype(np.float32)
        about = {"units": COUNT, "long_name": "coefficient images of every draw"}
        data = self._fitted().assign(
            drawn_coefficients=(("component", *IMAGE, DRAW), drawn, about),
            reference_exposure=self.result["reference_exposure"],
        )
        names = ("energy", "energy_edges", *IMAGE)
        data = data.assign_coords({name: self.result[name] for name in names})
        data = data.assign_attrs(settings=self.result.attrs["settings"])
        return Draws(data).checked(SelfCheck(warnings=self.warnings))

    def cube(self, images: np.ndarray) -> np.ndarray:
        """Return the flux (energy, y, x) of the images (component, y, x) of a draw."""
        exposure = self.result["reference_exposure"].to_numpy()[:, None, None]
        return np.tensordot(self._spectra, images, axes=1) / exposure

    @property
    def _spectra(self) -> np.ndarray:
        """Return all spectra (energy, component): of the fit, and those left out."""
        return np.hstack([self._subspace.basis, self._unseen.basis])

    def _share_of_light(self, pushed: np.ndarray) -> np.ndarray:
        """Return how much of a push (component, pixel) the light of a pixel bears.

        In dark pixels nothing holds what lies softly below zero.
        """
        light = self._subspace.scaled_basis.sum(axis=0)
        fitted = np.maximum(light @ (self._nearby.images + pushed), 0)
        needed = np.maximum(np.abs(light @ pushed), np.finfo(float).tiny)
        return np.minimum(fitted / needed, 1)

    def _disturbed(
        self, rng: np.random.Generator, unseen: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return a random tilt, and counts less those expected of what is unseen."""
        by_guide, counts = self._disturbances.of_counts(rng, unseen)
        by_prior, _ = self._disturbances.of_prior(rng)
        spreads = np.sqrt(self.strength.ratios)[:, None]
        return by_guide + spreads * by_prior, counts

    def _likely_sky(self) -> np.ndarray:
        """Return scaled images (component, pixel) as uneven as those of the sky.

        The fit is too smooth. A draw of what is seen alone has what noise and penalty
        may have kept from it; the wall at zero holds its noise.
        """
        rng = np.random.default_rng(LIKELY_SEED)
        responses = self._subspace.assembly.responses.items()
        nothing = {name: np.zeros(r.output_shape) for name, r in responses}
        return self._nearby.minimum(*self._disturbed(rng, nothing)) + self._pushed

    def _fitted(self) -> xr.Dataset:
        """Return all spectra, and the fit, which has none of those left out."""
        n_unseen = self._unseen.basis.shape[1]
        none = np.zeros((n_unseen, *self._images.shape[1:]))
        return components(self._spectra, np.concatenate([self._images, none]))


def _nearby_minimum(problem: LowRankProblem, scaled: np.ndarray) -> NearbyMinimum:
    try:
        return NearbyMinimum(problem, scaled)
    except ArithmeticError as error:
        raise HifredError(
            "result must be a minimum that draws can lie around, with enough counts "
            f"for its spectra and penalty; got one where {error} Fuse with a stronger "
            "penalty, or fewer spectra."
        ) from error


def settings_of(result: xr.Dataset) -> FusionSettings:
    """Return the settings of a result that can be sampled.

    Raises
    ------
    HifredError
        If it is none.
    """
    if "settings" not in result.attrs or "outcome" not in result.attrs:
        raise HifredError(
            "result must be a fusion with its settings; got a dataset without them. "
            "Give what `hifred fuse` wrote."
        )
    settings = FusionSettings.read(json.loads(result.attrs["settings"]))
    if settings.solver == "paper" or "spectral_basis" not in result:
        raise _no_posterior(settings)
    if result.attrs["outcome"] != "converged":
        raise HifredError(
            "result must be converged, for draws to lie around a minimum; got "
            f"{result.attrs['outcome']!r}. Fuse again with more max_iterations."
        )
    return settings


def _no_posterior(settings: FusionSettings) -> HifredError:
    return HifredError(
        "result must be a minimum of low rank with a quadratic penalty, of 'guided', "
        f"'lrs' or 'low_rank'; got {settings.regularizer!r} with solver "
        f"{settings.solver!r}. `hifred bootstrap` gives it standard errors."
    )


def _check_same_input(result: xr.Dataset, fusion: Fusion) -> None:
    """Raise if the likelihoods at the fit are not those that were recorded."""
    recorded = result["cost"].isel(iteration=-1)
    spectra = result["spectral_basis"].transpose("energy", "component").to_numpy()
    images = result["coefficients"].to_numpy().reshape(spectra.shape[1], -1)
    for name, likelihood in fusion.assembly.likelihoods_in(spectra).items():
        if name not in recorded["term"]:
            raise _another_input(f"an instrument {name!r} that was not fused")
        term, cost = CountsTerm(likelihood), float(recorded.sel(term=name))
        found = term.divergence(term.expected(images))
        if not abs(found - cost) <= SAME_COST * abs(cost):
            raise _another_input(f"{found:.7g} for {name!r}, {cost:.7g} recorded")


def _check_same_choices(result: xr.Dataset, method: LowRankMethod) -> None:
    """Raise if others are chosen than for the result, as versions differ."""
    n_here, n_found = method.subspace.basis.shape[1], result.sizes["component"]
    if n_here != n_found:
        raise HifredError(
            f"result must be made of {n_here} spectra, as this version of hifred takes "
            f"them; got {n_found}, as another version does. Fuse again."
        )
    penalty = method.solver.problem.penalty
    if not isinstance(penalty, ShapeDifferences) or "chosen_mu" not in result:
        return
    chosen, here = float(result["chosen_mu"]), penalty.strength
    if not abs(here - chosen) <= SAME_STRENGTH * chosen:
        raise HifredError(
            f"result must be a minimum of the penalty of this version of hifred, mu = "
            f"{here:.3g}; got one of {chosen:.3g}, as another version chooses it. "
            "Fuse again."
        )


def _another_input(found: str) -> HifredError:
    return HifredError(
        "observations must be those that were fused, with the same likelihoods; got "
        f"{found}. Give the input of this result."
    )
