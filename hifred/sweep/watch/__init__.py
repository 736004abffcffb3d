"""A sweep seen from outside: its progress, its trials, its results and its files."""
