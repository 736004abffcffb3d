"""Fuse X-ray spectro-imagers into one cube with the best of both."""

__version__ = "0.1.0"
