import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hifred.solvers.sliced import added, between, copied
from hifred.threads import use_threads


@pytest.mark.parametrize("n_threads", [1, 3])
def test_slices_are_the_whole_arrays(rng, n_threads):
    first, last = rng.standard_normal((2, 5, 3, 2)).astype(np.float32)
    share = np.float32(0.25)
    with use_threads(n_threads):
        assert_array_equal(added(first, last), first + last)
        assert_array_equal(copied(first), first)
        assert_array_equal(between(first, last, share), first + share * (last - first))


def test_a_copy_is_independent(rng):
    first = rng.standard_normal((4, 3))
    kept = first.copy()
    copied(first)[:] = 0
    assert_array_equal(first, kept)
