"""Fuse X-ray spectro-imagers into one cube with the best of both."""

import lazy_loader

# The names and where they come from are told by __init__.pyi; each part is imported
# when a name of it is first used, so that `hifred --help` need not wait for it.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.2.0"
