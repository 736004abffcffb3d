"""How good an estimate is, with or without the truth."""

import lazy_loader

from hifred.old_names import with_old_names

_exported, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = with_old_names(__name__, _exported)
