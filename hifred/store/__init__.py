"""Files on disk: fusion inputs, trials, collected results."""
