"""What nothing to choose costs: ``python -m benchmarks.ratio [--data published]``.

Fits with `guided`, all choices included, and with one `lrs` solve of the rank that it
chose, each in a process of its own, and prints processor seconds, memory and ratios.
"""

import argparse

from benchmarks.__main__ import measure
from benchmarks.cubes import PUBLISHED

SHOWN = ("rank", "n_iterations", "setup_s", "cpu_s", "peak_mib", "outcome")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, fit twice, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--energies", type=int, default=2400)
    parser.add_argument("--pixels", type=int, default=45)
    parser.add_argument("--simulated", action="store_true", help="not the published")
    parser.add_argument("--mu", type=float, default=1e-4, help="of lrs")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    size = {"n_energies": given.energies, "n_pixels": given.pixels}
    data = size if given.simulated or not PUBLISHED.exists() else "published"
    case = {"data": data, "threads": given.threads, "limit_s": 600}
    guided = measure(case | {"settings": {"regularizer": "guided"}})
    smooth = {"regularizer": "lrs", "mu": given.mu, "rank": guided["rank"]}
    lrs = measure(case | {"settings": smooth})
    print("|  |", " | ".join(SHOWN), "|\n|", "--- |" * (len(SHOWN) + 1))
    for name, row in (("guided", guided), ("lrs", lrs)):
        print(f"| {name} |", " | ".join(_text(row[key]) for key in SHOWN), "|")
    for key in ("cpu_s", "peak_mib"):
        print(f"{key}: {guided[key] / lrs[key]:.2f} times lrs")


def _text(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
