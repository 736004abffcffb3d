"""Matrices of one instrument and how they act on a cube."""
