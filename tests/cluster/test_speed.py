"""What the engine costs on SLURM."""

import pytest

from tests.cluster.bench import Bench
from tests.cluster.test_drills import assert_all_done, grid

pytestmark = pytest.mark.xdist_group("drills")

N_TRIALS, SECONDS, JOBS = 200, 0.5, 4


def test_200_trials_of_half_a_second_cost_little_more_than_their_time(
    bench: Bench,
) -> None:
    bench.plan(grid(N_TRIALS, n_steps=1, sleep=SECONDS))
    bench.start_driver()
    assert_all_done(bench, N_TRIALS)
    starts = sorted(event["time"] for event in bench.events("started"))
    first_of_worker = {
        pid: min(e["time"] for e in bench.events("started") if e["pid"] == pid)
        for pid in bench.workers()
    }
    all_up = max(first_of_worker.values())
    left = sum(start >= all_up for start in starts)
    end = max(event["time"] for event in bench.events("finished"))
    ideal = left * SECONDS / JOBS
    assert left > N_TRIALS / 2
    assert end - all_up <= 1.3 * ideal, f"{end - all_up:.1f} s for {ideal:.1f} s"
