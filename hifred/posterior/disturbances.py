r"""What a fit differs from the truth by, as tilts of its objective, and as counts.

Counts have noise; so has the brightness that `guided` takes from them, which moves the
point of no penalty,

.. math:: \xi_b = \nabla\varphi(W \, \delta b / b);

images differ from what the penalty wants; and spectra outside of the subspace change
the counts, which the fit takes for something else.
"""

from collections.abc import Mapping
from typing import final

import numpy as np

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.fusion.assembly import Assembly
from hifred.posterior.sky_fields import SkyFields
from hifred.solvers.nearby_minimum import NearbyMinimum


@final
class Disturbances:
    """Random tilts of a fit, (component, pixel), and counts.

    Parameters
    ----------
    nearby : NearbyMinimum
    assembly : Assembly
    """

    def __init__(self, nearby: NearbyMinimum, assembly: Assembly) -> None:
        self._nearby, self._assembly = nearby, assembly
        self._fields = SkyFields.blurred(assembly)
        self._names = list(nearby.problem.likelihoods)

    def tilt_of_counts(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the tilt of noise, and where it moves the point of no penalty."""
        noise = self._nearby.noise(rng)
        moved = self._follow_guide(noise)
        return self._nearby.tilt(noise) + self._penalty_product(moved), moved

    def of_counts(
        self, rng: np.random.Generator, unseen: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the tilt by the guide, and the counts of another sky and other noise.

        Parameters
        ----------
        rng : Generator
        unseen : mapping of str to (channel, y, x) array
            Expected counts, by instrument, of spectra that are there and not fitted;
            see `UnseenSpectra.expected_counts`.
        """
        noise = self._nearby.noise(rng)
        flat = [unseen[name].reshape(len(unseen[name]), -1) for name in self._names]
        tilt = self._penalty_product(self._follow_guide(noise))
        return tilt, self._nearby.disturbed(noise, flat)

    def of_prior(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the tilt of images that the penalty draws to zero, and the images.

        They cost as much as the penalty expects of images, but are smooth, as the sky
        of the cube is: a penalty on differences takes those of neighbouring pixels for
        independent, and errors of regions would be smaller than they are.
        """
        fields = self._fields.draw(rng, len(self._nearby.images))
        images = fields.reshape(len(fields), -1)
        energies, none = self.energies(images), np.zeros(len(images))
        # Without a penalty nothing is drawn to zero.
        of_one = np.divide(images.shape[1] - 1, energies, out=none, where=energies > 0)
        images = np.sqrt(of_one)[:, None] * images
        return self._penalty_product(images), images

    def energies(self, images: np.ndarray) -> np.ndarray:
        """Return twice the penalty of each of the images, (component,)."""
        return np.asarray(np.sum(images * self._penalty_product(images), axis=1))

    def _follow_guide(self, noise: list[np.ndarray]) -> np.ndarray:
        images = self._nearby.images
        if not isinstance(self._nearby.problem.penalty, ShapeDifferences):
            return np.zeros_like(images)
        counts = {
            name: n.reshape(self._assembly.responses[name].output_shape)
            for name, n in zip(self._names, noise, strict=True)
        }
        change = self._assembly.image_of(counts) / self._assembly.brightness
        # No guide is below zero, even where it is of a few counts.
        return np.asarray(images * np.maximum(change.ravel(), -1))

    def _penalty_product(self, images: np.ndarray) -> np.ndarray:
        problem = self._nearby.problem
        if problem.penalty is None:
            return np.zeros_like(images)
        shaped = images.reshape(-1, *problem.image_shape)
        return problem.penalty.gradient(shaped).reshape(images.shape)
