"""Labelled data of one instrument and their forward model."""
