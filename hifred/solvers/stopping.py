"""How a solve ends, and what to do about it."""

from enum import Enum


class Outcome(Enum):
    """The end of a solve; its value is a sentence for the user."""

    CONVERGED = "the certificate is below the tolerance."
    STEP_LIMIT = (
        "the limit of iterations was reached before the tolerance; raise "
        "max_iterations, or loosen tolerance."
    )
    STALLED = (
        "no step improves the objective any more, short of the tolerance; use "
        'precision = "float64", or loosen tolerance.'
    )
    NOT_FINITE = (
        "a value became infinite or not a number; check counts, areas and "
        "background for extreme values."
    )
    DIVERGED = "the cost keeps growing; use a smaller step_size."
    EMPTY = "there are no counts to fit; check the mask and the energy band."

    @property
    def is_usable(self) -> bool:
        """Whether the estimate may be compared with others."""
        return self in (Outcome.CONVERGED, Outcome.STEP_LIMIT, Outcome.STALLED)
