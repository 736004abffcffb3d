"""Grids of pixels on the sky and what each pixel shares with another grid."""
