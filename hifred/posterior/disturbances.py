r"""What a fit differs from the truth by, as tilts of its objective, and as counts.

Counts have noise; so has the brightness that `guided` takes from them, which moves the
point of no penalty,

.. math:: \xi_b = \nabla\varphi(W \, \delta b / b);

images differ from what the penalty wants; and spectra outside of the subspace change
the counts, which the fit takes for something else.
"""

from typing import final

import numpy as np

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.fusion.assembly import Assembly
from hifred.posterior.sky_fields import SkyFields
from hifred.posterior.unseen_spectra import UnseenSpectra
from hifred.solvers.nearby_minimum import NearbyMinimum

# How often images that the penalty draws to zero are blurred by the PSF. By the truth
# of toy models and scenes their errors are then as large in voxels as in regions.
BLURS = 3


@final
class Disturbances:
    """Random tilts of a fit, (component, pixel), and counts.

    Parameters
    ----------
    nearby : NearbyMinimum
    assembly : Assembly
    unseen : UnseenSpectra
    """

    def __init__(
        self, nearby: NearbyMinimum, assembly: Assembly, unseen: UnseenSpectra
    ) -> None:
        self._nearby, self._assembly = nearby, assembly
        self._fields = SkyFields(assembly, BLURS)
        self._names = list(nearby.problem.likelihoods)
        self._unseen = [
            assembly.responses[name].in_basis(unseen.basis) for name in self._names
        ]

    def tilt_of_counts(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the tilt of noise, and where it moves the point of no penalty."""
        noise = self._nearby.noise(rng)
        moved = self._follow_guide(noise)
        return self._nearby.tilt(noise) + self._penalty_product(moved), moved

    def of_counts(
        self, rng: np.random.Generator, unseen: np.ndarray
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the tilt by the guide, and the counts of another sky and other noise.

        Parameters
        ----------
        rng : Generator
        unseen : (component, y, x) array
            Images of spectra that are there and not fitted; see `UnseenSpectra.draw`.
        """
        noise = self._nearby.noise(rng)
        expected = [response.apply(unseen) for response in self._unseen]
        flat = [m.reshape(len(m), -1) for m in expected]
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
        energies = np.maximum(self.energies(images), np.finfo(float).tiny)
        scale = np.sqrt((images.shape[1] - 1) / energies)
        images = scale[:, None] * images
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
        return np.asarray(images * change.ravel())

    def _penalty_product(self, images: np.ndarray) -> np.ndarray:
        problem = self._nearby.problem
        if problem.penalty is None:
            return np.zeros_like(images)
        shaped = images.reshape(-1, *problem.image_shape)
        return problem.penalty.gradient(shaped).reshape(images.shape)
