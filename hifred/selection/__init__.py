"""Choosing settings without the truth: held-out counts, bootstrap."""
