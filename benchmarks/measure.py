"""One case in a process of its own: ``python -m benchmarks.measure '{...}'``."""

import json
import resource
import sys
import time
from typing import Any

from benchmarks import efficiency
from benchmarks.cubes import published, simulated
from benchmarks.machine import bandwidth, product_rate
from hifred.fusion import Fusion, FusionSettings
from hifred.operators.response import Response
from hifred.threads import use_threads


def gradient_cost(responses: list[Response]) -> tuple[float, float]:
    """Return operations and bytes of one gradient of the likelihood in float32."""
    operations, traffic = 0.0, 0.0
    for response in responses:
        n_energies, n_rows, n_columns = response.input_shape
        sky = n_energies * n_rows * n_columns
        for g, k in response.pairs:
            first = g.cost * k.shape[1] + k.cost * g.shape[0]
            second = k.cost * g.shape[1] + g.cost * k.shape[0]
            operations += 4 * min(first, second)
        traffic = max(traffic, 2 * 4.0 * sky)
    return operations, traffic


def likelihood_responses(fusion: Fusion) -> list[Response]:
    """Return the responses that the solver applies."""
    solver = fusion.method.solver
    # The paper's solver states no problem: it minimises nothing.
    problem = getattr(solver, "problem", solver)
    return [f.response for f in problem.likelihoods.values()]


def rank(fusion: Fusion) -> int | None:
    """Return how many spectra the cube is made of, if it is of low rank."""
    subspace = getattr(fusion.method, "subspace", None)
    return None if subspace is None else int(subspace.basis.shape[1])


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Return the timings of one case."""
    data = case["data"]
    observations = published() if data == "published" else simulated(**data)
    started, cpu = time.perf_counter(), time.process_time()
    fusion = Fusion(observations, FusionSettings.read(case["settings"]))
    state = fusion.start()
    setup = time.perf_counter() - started
    steps = []
    while state.outcome is None and sum(steps) < case["limit_s"]:
        before = time.perf_counter()
        state = fusion.step(state)
        steps.append(time.perf_counter() - before)
        if len(steps) >= case.get("steps", 10**9):
            break
    used = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = {"gflops": product_rate() / 1e9, "gbytes_per_s": bandwidth() / 1e9}
    operations, traffic = gradient_cost(likelihood_responses(fusion))
    seconds = operations / rates["gflops"] / 1e9, traffic / rates["gbytes_per_s"] / 1e9
    step = sorted(steps)[len(steps) // 2]  # compilation falls into the first
    return rates | {
        "setup_s": setup,
        "step_s": step,
        "solve_s": sum(steps),
        "cpu_s": used,
        "n_iterations": len(steps),
        "rank": rank(fusion),
        "outcome": "running" if state.outcome is None else state.outcome.name.lower(),
        "certificate": float(state.certificate),
        "cost": state.cost,
        "gradient_bound_s": max(seconds),
        "step_over_bound": step / max(seconds),
        "peak_mib": peak,
    }


def main() -> None:
    """Read a case from the command line and print its timings as JSON."""
    case = json.loads(sys.argv[1])
    if "workers" in case:
        print(json.dumps(efficiency.run(case)))
        return
    with use_threads(case["threads"]):
        print(json.dumps(run(case)))


if __name__ == "__main__":
    main()
