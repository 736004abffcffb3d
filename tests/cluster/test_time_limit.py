"""A trial that needs more time than one job has."""

import pytest

from tests.cluster.bench import Bench
from tests.cluster.test_drills import assert_all_done, grid

# Beside the other drills: mostly waiting.  Out of their way: not preempted, on a node
# that none of them sets down.
pytestmark = pytest.mark.xdist_group("time limit")
APART = {"partition": '"urgent"', "extra_directives": '["--nodelist=node1"]'}


@pytest.mark.drill
def test_a_trial_longer_than_the_limit_ends_through_checkpoints(bench: Bench) -> None:
    """Jobs of one minute, which work for 35 s of it at most; a trial of 78 s."""
    bench.configure(**APART, jobs="1", walltime='"00:01:00"', margin='"00:00:25"')
    (trial_id,) = bench.plan(grid(1, n_steps=390))
    bench.start_driver()
    assert bench.finish(280) == 0, bench.story()
    assert_all_done(bench, 1)
    attempts = [event for event in bench.events("started") if event["id"] == trial_id]
    ends = sorted(bench.events("ended"), key=lambda event: event["n"])
    stops = [event["message"] for event in ends]
    assert len({event["job"] for event in attempts}) >= 3
    assert stops
    assert all("job's end" in message for message in stops)
    iterations = [event["it"] for event in ends]
    assert iterations == sorted(iterations)  # each attempt went on from the last
