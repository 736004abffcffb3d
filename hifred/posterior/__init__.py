"""What the counts leave possible: draws of cubes of low rank, and errors from them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
