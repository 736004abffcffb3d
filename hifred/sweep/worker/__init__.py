"""One attempt at one trial, in a process that may be ended."""
