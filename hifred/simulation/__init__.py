"""Toy scenes and Poisson draws."""
