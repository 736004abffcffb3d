"""Both scores of held-out counts as one, to choose a trial by."""

import pandas as pd

BOTH = "held_out"
SCORES = ("held_out_error", "held_out_deviance")
NOT_HELD_OUT = (
    "by must be a measure of this sweep; got 'held_out', but no counts were held out. "
    "Put `held_out = { fraction = 0.1, seeds = [1, 2, 3] }` under [metrics] and run it."
)


def held_out_rank(frame: pd.DataFrame) -> pd.Series:
    """Return how far each trial is from the best of its model; the lowest wins.

    Each score counts from its smallest value among the trials of a model, in units of
    the distance from there to its median. The error alone is blind to what the noise
    of the held-out counts hides, the deviance to what the instruments blur away; their
    mistakes fall on different data.

    Parameters
    ----------
    frame : DataFrame
        Trials with ``model`` and both `SCORES`, as from `Results.table`.
    """
    total = pd.Series(0.0, index=frame.index, name=BOTH)
    for name in SCORES:
        by_model = frame.groupby("model")[name]
        smallest = by_model.transform("min")
        spread = by_model.transform("median") - smallest
        total += (frame[name] - smallest) / spread.where(spread > 0, 1.0)
    return total
