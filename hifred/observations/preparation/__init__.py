"""From one telescope's files to the fusion input."""
