"""What draws of a trial say about their own errors, among the verdicts."""

from hifred.posterior import Draws
from hifred.selection.verdicts import Level, Verdict


def draw_verdicts(
    model: str, trial: str, draws: Draws | None, refused: str | None = None
) -> list[Verdict]:
    """Return how often the intervals of draws hold the truth, and what is wrong.

    Parameters
    ----------
    model, trial : str
        Whose draws.
    draws : Draws or None
        None says nothing.
    refused : str, optional
        Why draws that are there cannot be used.
    """
    if refused is not None:
        text = f"No errors are shown. {refused}"
        return [Verdict("draws", Level.FAULT, model, text, trial=trial)]
    if draws is None:
        return []
    found = [
        (
            Level.NOTE,
            f"Errors are taken from {draws.count} draws. {draws.check.sentence}",
        )
    ]
    found += [(Level.WARNING, warning) for warning in draws.check.warnings]
    return [Verdict("draws", level, model, text, trial=trial) for level, text in found]
