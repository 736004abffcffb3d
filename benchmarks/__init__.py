"""Timings of the fusion kernel beside what this machine could do at best."""
