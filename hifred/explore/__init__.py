"""The interactive explorer in the browser."""
