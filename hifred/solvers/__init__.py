"""Minimisers of the objective, with certificates."""
