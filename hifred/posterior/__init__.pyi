from .draws import Draws
from .sampling import Sampler, posterior

__all__ = ["Draws", "Sampler", "posterior"]
