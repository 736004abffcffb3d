"""FITS and OGIP files: tables, images, responses, spectra, and their writers."""
