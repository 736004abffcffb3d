"""Which fusions are timed."""

from typing import Any

from benchmarks.cubes import PUBLISHED

SOLVED = {
    "none": {"regularizer": "none"},
    "low_rank": {"regularizer": "low_rank", "rank": 10},
    "lrs": {"regularizer": "lrs", "mu": 1e-4, "rank": 10},
    "lrw2d": {"regularizer": "lrw2d", "mu": 1.0, "rank": 10},
    "w2d1d": {"regularizer": "w2d1d", "mu": 1.0},
    "guided": {"regularizer": "guided", "rank": 10},
}
FREE_AND_SMOOTH = ("none", "lrs", "w2d1d")


def all_cases(threads: int, quick: bool) -> list[dict[str, Any]]:
    """Return every case: what it shows, data, settings, threads and limits."""
    if quick:
        small = {"n_energies": 240, "n_pixels": 15}
        return (
            _solve("quick", small, threads, limit_s=10)
            + _paper(small, threads)
            + [_efficiency(small, trials=8, rounds=1)]
        )
    published: Any = "published" if PUBLISHED.exists() else _sky(2400, 45)
    same_grid = _sky(2500, 45) | {"channel_factor": 1, "pixel_factor": 1}
    return (
        _solve("rebinned", published, threads, limit_s=180)
        + _paper(published, threads)
        + _solve("same grid", same_grid, threads, 300, ("lrs", "w2d1d"))
        + [c for n in (45, 90, 180) for c in _steps(f"{n} pixels", _sky(600, n))]
        + [c for n in (600, 2400, 9600) for c in _steps(f"{n} energies", _sky(n, 45))]
        + [c for n in (1, 2) for c in _steps(f"{n} threads", published, n)]
        + [_efficiency(published, trials=4, rounds=6)]
    )


def _sky(n_energies: int, n_pixels: int) -> dict[str, int]:
    return {"n_energies": n_energies, "n_pixels": n_pixels}


def _solve(
    shows: str,
    data: Any,
    threads: int,
    limit_s: float,
    names: tuple[str, ...] = tuple(SOLVED),
) -> list[dict[str, Any]]:
    return [
        _case(f"{shows}: {name}", data, SOLVED[name], threads, limit_s=limit_s)
        for name in names
    ]


def _paper(data: Any, threads: int) -> list[dict[str, Any]]:
    return [
        _case(
            f"paper: {name}",
            data,
            settings | {"solver": "paper", "tolerance": 1e-12},
            threads,
            limit_s=60,
            steps=20,
        )
        for name, settings in SOLVED.items()
        if name != "guided"  # which the paper does not have
    ]


def _steps(shows: str, data: Any, threads: int = 2) -> list[dict[str, Any]]:
    return [
        _case(f"{shows}: {name}", data, SOLVED[name], threads, limit_s=60, steps=5)
        for name in FREE_AND_SMOOTH
    ]


def _efficiency(data: Any, trials: int, rounds: int) -> dict[str, Any]:
    """Return the case of a sweep with 2 workers of one thread, against one."""
    shows = "parallel efficiency: lrs"
    limits = {"workers": 2, "trials": trials, "rounds": rounds}
    return _case(shows, data, SOLVED["lrs"], threads=1, **limits)


def _case(shows: str, data: Any, settings: dict, threads: int, **limits: float) -> dict:
    return {
        "shows": shows,
        "data": data,
        "settings": settings,
        "threads": threads,
        **limits,
    }
