"""How much more one instrument blurs than another, on the sky and in energy."""
