"""What the counts leave possible: draws of cubes of low rank, and errors from them."""

from hifred.posterior.draws import Draws

__all__ = ["Draws"]
