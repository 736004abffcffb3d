"""How good an estimate is, with or without the truth."""
