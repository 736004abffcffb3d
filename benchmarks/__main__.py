"""Time every regulariser and solver: ``python -m benchmarks [--quick]``."""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.cases import all_cases

COLUMNS = {
    "shows": "case",
    "threads": "threads",
    "solve_s": "solve, s",
    "cpu_s": "cpu with set-up, s",
    "n_iterations": "iterations",
    "step_s": "step, s",
    "gradient_bound_s": "gradient at best, s",
    "step_over_bound": "step / best",
    "peak_mib": "peak, MiB",
    "certificate": "certificate",
    "outcome": "outcome",
    "gflops": "GFLOP/s",
    "gbytes_per_s": "GB/s",
    "trials_per_s_1": "trials/s, 1 worker",
    "trials_per_s": "trials/s, 2 workers",
    "efficiency": "efficiency",
    "efficiency_error": "error",
    "machine_efficiency": "without engine",
    "machine_efficiency_error": "error",
}


def measure(case: dict) -> dict:
    """Return the timings of one case, run in a process of its own."""
    threads = str(case["threads"])
    environment = os.environ | {"OMP_NUM_THREADS": threads}
    environment |= {"OPENBLAS_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    command = [sys.executable, "-m", "benchmarks.measure", json.dumps(case)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        return case | {"outcome": done.stderr.strip().splitlines()[-1:]}
    return case | json.loads(done.stdout)


def table(rows: list[dict]) -> str:
    """Return the rows as a Markdown table."""
    head = "| " + " | ".join(COLUMNS.values()) + " |"
    rule = "|" + " --- |" * len(COLUMNS)
    lines = [
        "| " + " | ".join(_text(row.get(name, "")) for name in COLUMNS) + " |"
        for row in rows
    ]
    return "\n".join([head, rule, *lines]) + "\n"


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Run the cases one after the other; write Markdown and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small cubes, a minute")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks"))
    options = parser.parse_args()
    rows = []
    for case in all_cases(options.threads, options.quick):
        if options.only in case["shows"]:
            rows.append(measure(case))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    report = {"machine": platform.processor() or platform.machine(), "rows": rows}
    (options.output / "benchmarks.json").write_text(json.dumps(report, indent=1))
    load = f"Load when it ended: {os.getloadavg()[0]:.1f}.\n\n"
    note = (
        "`gradient at best` is one gradient of the likelihood at the matrix-product "
        "rate or memory bandwidth of this machine, whichever is slower, measured "
        "beside each case. A step of `none` and `w2d1d` is ten primal-dual steps. "
        "`efficiency` is trials a second with 2 workers over twice that with 1, "
        "start-up left out; `without engine` is that of processes which only fuse.\n\n"
    )
    text = f"# Benchmarks\n\n{load}{note}{table(rows)}"
    (options.output / "benchmarks.md").write_text(text)
    print(f"written to {options.output}")


if __name__ == "__main__":
    main()
