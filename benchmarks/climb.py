"""The best point of a grid over mu and rank, from neighbour to neighbour."""

Point = tuple[float, int]


class Climb:
    """What is known of a grid, and what to look at next.

    The error is taken to have one minimum over mu and rank, as it has on every sky of
    which the whole grid was fitted.

    Parameters
    ----------
    regularizer : str
    strengths, ranks : tuple
        The grid, in ascending order.
    start : (float, int)
        One of its points.
    score : float, optional
        Its score, where it is known.
    """

    def __init__(
        self,
        regularizer: str,
        strengths: tuple[float, ...],
        ranks: tuple[int, ...],
        start: Point,
        score: float | None = None,
    ) -> None:
        self.regularizer = regularizer
        self.best = start
        self._strengths, self._ranks = strengths, ranks
        self._known: dict[Point, float] = {} if score is None else {start: score}
        self._asked: set[Point] = set(self._known)

    def missing(self) -> list[Point]:
        """Return what must be fitted next: nothing at the end."""
        new = [p for p in self._around() if p not in self._asked]
        self._asked.update(new)
        return new

    def learn(self, point: Point, score: float) -> bool:
        """Take the score of a point, higher is better; return whether all are known."""
        self._known[point] = score
        if len(self._known) < len(self._asked):
            return False
        self.best = max(self._known, key=lambda p: self._known[p])
        return True

    def _around(self) -> list[Point]:
        mu, rank = self.best
        i, j = self._strengths.index(mu), self._ranks.index(rank)
        along_mu = [(m, rank) for m in self._strengths[max(i - 1, 0) : i + 2]]
        along_rank = [(mu, r) for r in self._ranks[max(j - 1, 0) : j + 2] if r != rank]
        return along_mu + along_rank
