import numpy as np
import pytest
from threadpoolctl import threadpool_info

from hifred.errors import SettingsError
from hifred.threads import (
    available_threads,
    in_slices,
    thread_count,
    use_threads,
)


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("grain", [1, 4])
def test_slices_cover_every_item_once(n_threads, grain):
    visits = np.zeros(23, int)

    def visit(array, start, stop):
        assert start % grain == 0
        array[start:stop] += 1

    with use_threads(n_threads):
        in_slices(visit, 23, visits, grain=grain)
    assert (visits == 1).all()


def test_threads_hold_inside_the_block_only():
    before = thread_count()
    with use_threads(3):
        assert thread_count() == 3
        with use_threads(1):
            assert thread_count() == 1
            assert all(pool["num_threads"] == 1 for pool in threadpool_info())
        assert thread_count() == 3
    assert thread_count() == before == available_threads()


def test_none_leaves_the_number_of_threads_alone():
    with use_threads(2), use_threads(None) as n_threads:
        assert n_threads == thread_count() == 2


@pytest.mark.parametrize("n_threads", [2, None])
def test_blas_has_one_thread_inside_the_block(n_threads):
    def of_blas():
        pools = threadpool_info()
        return [p["num_threads"] for p in pools if p["user_api"] == "blas"]

    before = of_blas()
    with use_threads(n_threads):
        assert set(of_blas()) == {1}
    assert of_blas() == before


def test_an_error_in_a_slice_is_raised():
    def fail(start, stop):
        if start == 0:
            raise ZeroDivisionError

    with use_threads(2), pytest.raises(ZeroDivisionError):
        in_slices(fail, 10)


def test_no_threads_are_refused():
    with (
        pytest.raises(SettingsError, match="threads must be at least 1; got 0"),
        use_threads(0),
    ):
        pass
