"""Do two observations agree through their responses? Figures and causes."""
