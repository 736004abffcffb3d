r"""Few spectra whose mixture changes little where the imager shows no reason for it.

.. math:: \varphi(W) = \mu \, \mathrm{tr} \, A^{-1} W
    \Big( L + \ell^2 L \frac{b}{\bar b} L \Big) W^T A^{-T}, \qquad
    \langle W, L W \rangle = \sum_{(p, q)} \bar b \sqrt{b_p b_q} \;
    \Big\| \frac{W_p}{b_p} - \frac{W_q}{b_q} \Big\|^2

with ``b`` the brightness that the imagers see, the sum over neighbouring pixels; below
the length :math:`\ell` of some pixels shapes are smooth.
`lrs` pays for every step of brightness, so that it blurs bright knots and leaves noise
elsewhere; here only another *shape* of the spectrum costs. What a change of shape
costs is learnt from the same counts before the solve, see
`hifred.solvers.shape_variation`: the covariance :math:`C` of the changes sets units and
mixing of the components, :math:`A A^T \propto C`, and, with the size that predicts the
counts best, the strength, :math:`A A^T = 2 \mu C`. No prior knowledge of units or
strengths is left, and no rounds of solves: the objective is quadratic plus the
likelihood, as for `lrs`, and solved once.

The automatic rank is twice the number of components of the spectrometer's spectra that
are stronger than noise can be (`hifred.transforms.low_rank.rank_above_noise`). To these
spectra come half as many as gas that moves has, see `hifred.fusion.velocity_shifts`.
"""

from typing import Annotated, ClassVar, Literal, final

import numpy as np
import xarray as xr
from annotated_types import Ge, Le
from pydantic import Field

from hifred.dims import DIMENSIONLESS
from hifred.functionals.shape_differences import ShapeDifferences
from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.published import Rank, Strength
from hifred.fusion.settings import FusionSettings, register
from hifred.fusion.subspace import Subspace
from hifred.fusion.velocity_shifts import with_shifts
from hifred.settings import Number
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.shape_variation import ShapeVariation, learn_variation
from hifred.transforms.low_rank import (
    LARGEST_RANK,
    rank_above_noise,
    shape_variances,
)

# Spectra for each component that is stronger than noise can be. The others are no
# components of the sky, but each holds as much as the next of what lies outside of the
# first, and the learnt covariance keeps their noise down: what is left out is lost, and
# what is too much costs time alone.
SPECTRA_PER_COMPONENT = 2
# Of gas that is much faster than that of remnants, shifts are no small changes.
Velocity = Annotated[Number, Ge(0), Le(10_000)]


@register
@final
class Guided(FusionSettings):
    """Few spectra whose mixture follows what the imager shows, with nothing to choose.

    Strength and number of spectra are taken from the counts unless they are given.
    """

    label: ClassVar[str] = "few spectra, shapes smooth where the imager is."
    formula: ClassVar[str] = (
        r"\mu \sum_{pq} c_{pq} \, \| W_p / b_p - W_q / b_q \|^2_{C^{-1}}"
    )

    regularizer: Literal["guided"] = Field("guided", description=label)
    solver: Literal["fast"] = Field("fast", description="The minimiser.")
    mu: Strength | Literal["auto"] = Field(
        "auto",
        description="Strength of the penalty, in counts; 'auto' takes the one that "
        "is expected to err least.",
    )
    rank: Rank = Field(
        "auto",
        description="Number of spectra that every pixel's spectrum is made of; 'auto' "
        "takes twice as many as components stand out of the spectrometer's noise. Half "
        "as many come to them, shifted in energy.",
    )
    velocity_km_s: Velocity = Field(
        600.0,
        description="How much velocities of gas differ between places, in km/s; 0 "
        "leaves shifted spectra out.",
    )

    def method(self, assembly: Assembly) -> LowRankMethod:
        plain = Subspace.of_rank(assembly, self._rank(assembly))
        learnt, images = _learnt(plain)
        subspace, variation = with_shifts(
            plain, learnt, images, velocity_km_s=self.velocity_km_s
        )
        directions, spreads = variation.directions()
        # Of what is learnt alone, so that a mu means the same whatever the velocity.
        unit = float(learnt.directions()[1].mean())
        mu = 1 / (2 * unit**2) if self.mu == "auto" else self.mu
        return LowRankMethod(
            subspace.turned(directions, spreads / unit),
            self,
            penalty=ShapeDifferences(mu, assembly.brightness),
            choices=_choices(mu, subspace.learnt.shape[1]),
        )

    def _rank(self, assembly: Assembly) -> int:
        if self.rank != "auto":
            return self.rank
        spectra, noise = assembly.spectra, assembly.spectra_noise
        above = rank_above_noise(spectra, noise, assembly.line_spread)
        # The first is the mean.
        wanted = max(above, SPECTRA_PER_COMPONENT * (above - 1))
        return int(min(wanted, LARGEST_RANK, *spectra.shape))


def _learnt(subspace: Subspace) -> tuple[ShapeVariation, np.ndarray]:
    """Return how its images vary, and images that the counts expect."""
    assembly = subspace.assembly
    likelihoods = assembly.likelihoods_in(subspace.basis)
    # In the order of their names: the draws must not depend on that of the input.
    terms = [CountsTerm(likelihoods[name]) for name in sorted(likelihoods)]
    between_pixels = shape_variances(subspace.basis, assembly.spectra)
    variances = assembly.brightness.mean() ** 2 * between_pixels
    return learn_variation(terms, subspace.mean_images, assembly.brightness, variances)


def _choices(mu: float, rank: int) -> xr.Dataset:
    """Return strength and rank as measures of the result."""
    strength = {"units": "count-1", "long_name": "strength of the penalty"}
    number = {"units": DIMENSIONLESS, "long_name": "number of spectra"}
    return xr.Dataset(
        {
            "chosen_mu": ((), float(mu), strength | {"direction": "none"}),
            "chosen_rank": ((), float(rank), number | {"direction": "none"}),
        }
    )
