"""Grids of fusions as Dask tasks."""
