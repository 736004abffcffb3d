"""Changes of basis: starlets and spectral subspaces."""
