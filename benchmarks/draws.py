"""What draws cost: ``python -m benchmarks.draws [--draws 100] [--simulated]``.

Fits the published cubes, or simulated ones of their size, with `guided` of rank 20,
once with the strength that it chooses and once with that strength given, and draws.
Prints processor seconds and the memory that all of it took at most.
"""

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

from benchmarks.cubes import PUBLISHED, published, simulated
from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler
from hifred.threads import use_threads

# Usual; they are to take at most ten solves.
DRAWS = 100


def seconds(action: Callable[[], Any]) -> tuple[float, Any]:
    """Return processor seconds and what `action` returns."""
    started = time.process_time()
    found = action()
    return time.process_time() - started, found


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, fit, draw, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10, help="that are timed")
    parser.add_argument("--rank", type=int, default=20)
    parser.add_argument("--energies", type=int, default=2400)
    parser.add_argument("--pixels", type=int, default=45)
    parser.add_argument("--simulated", action="store_true", help="not the published")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    size = {"n_energies": given.energies, "n_pixels": given.pixels}
    is_simulated = given.simulated or not PUBLISHED.exists()
    observations = simulated(**size) if is_simulated else published()
    chosen = FusionSettings(regularizer="guided", rank=given.rank)
    with use_threads(given.threads):
        choosing, result = seconds(lambda: fuse(observations, chosen))
        mu = float(result["chosen_mu"])
        solving, result = seconds(lambda: fuse(observations, chosen.changed(mu=mu)))
        starting, sampler = seconds(lambda: started(result, observations))
        # Compilation falls into the first.
        sampler.draw(1, 0)
        drawing, _ = seconds(lambda: [sampler.draw(0, i) for i in range(given.draws)])
    each = drawing / given.draws
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"one solve: {solving:.1f} s of CPU, {choosing:.1f} s with the choice of mu")
    print(f"before the first draw: {starting:.1f} s, then {each:.2f} s for each")
    total = starting + DRAWS * each
    print(f"{DRAWS} draws: {total:.0f} s, {total / solving:.1f} solves")
    print(f"memory at most: {peak:.0f} MiB")


def started(result: Any, observations: Any) -> Sampler:
    """Return a sampler that knows all that draws share."""
    sampler = Sampler(result, observations)
    _ = sampler.strength
    return sampler


if __name__ == "__main__":
    main()
