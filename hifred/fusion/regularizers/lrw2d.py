"""Low rank and images that are sparse in wavelets."""

import itertools
from typing import ClassVar, Literal, cast, final

import numpy as np
from pydantic import Field

from hifred.functionals.gradient_noise import gradient_noise
from hifred.functionals.image_sparsity import ImageSparsity, noise_weights
from hifred.fusion.assembly import Assembly
from hifred.fusion.low_rank_method import LowRankMethod
from hifred.fusion.published import PublishedImages, Strength
from hifred.fusion.settings import register
from hifred.fusion.subspace import Subspace
from hifred.settings import Whole
from hifred.solvers.paper_thresholds import ImageThreshold
from hifred.transforms.starlet import Starlet2D

# The noise of the gradient is averaged over these many draws with a fixed seed, so
# that the objective is the same every time.
N_NOISE_DRAWS = 8
NOISE_SEED = 0


@register
@final
class Lrw2d(PublishedImages):
    """Few spectra whose images have few wavelet coefficients."""

    label: ClassVar[str] = "few spectra, images sparse in wavelets."
    formula: ClassVar[str] = r"\mu \, \| \sigma \, \Phi_{2D} W \|_1"

    regularizer: Literal["lrw2d"] = Field("lrw2d", description=label)
    mu: Strength = Field(
        examples=[1.0],
        description="Strength of the penalty, in units of the noise: usually 0.5 to 3.",
    )
    space_scales: Whole = Field(2, ge=1, description="Wavelet scales along y and x.")

    def _minimiser(self, assembly: Assembly) -> LowRankMethod:
        subspace = self._subspace(assembly)
        sparsity = self._sparsity(subspace) if self.mu else None
        return LowRankMethod(subspace, self, sparsity=sparsity)

    def _sparsity(self, subspace: Subspace) -> ImageSparsity:
        """Return the l1 norm with weights in units of the gradient's noise."""
        images = subspace.mean_images / subspace.units
        transform = self._transform(images.shape)
        rng = np.random.default_rng(NOISE_SEED)
        draws = gradient_noise(subspace.likelihoods, images, rng)
        noise = list(itertools.islice(draws, N_NOISE_DRAWS))
        return ImageSparsity(transform, noise_weights(self.mu, transform, noise))

    def _threshold(self, images_shape: tuple[int, ...]) -> ImageThreshold:
        return ImageThreshold(self._transform(images_shape), self.mu)

    def _transform(self, images_shape: tuple[int, ...]) -> Starlet2D:
        shape = cast("tuple[int, int, int]", images_shape)
        return Starlet2D(shape, self.space_scales)
