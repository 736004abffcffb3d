"""Terms of the objective: likelihood, penalties, constraints."""
