"""Sweeps: thousands of trials declared, run, resumed and watched."""

import lazy_loader

from hifred.old_names import keep_old_modules

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

keep_old_modules(__name__)
