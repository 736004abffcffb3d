"""The interactive explorer in the browser."""

from hifred.explore.server import serve_explorer

__all__ = ["serve_explorer"]
