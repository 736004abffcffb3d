import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.operators import products
from hifred.operators.products import multiply
from hifred.threads import use_threads

SHAPES = {
    "tall": ((40, 7), (7, 5)),
    "wide": ((5, 7), (7, 40)),
    "stack": ((5, 7), (11, 7, 4)),
    "one_item": ((5, 7), (1, 7, 4)),
    "no_column": ((5, 7), (7, 0)),
}


@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
def test_slices_multiply_like_the_whole(rng, monkeypatch, shapes, n_threads):
    monkeypatch.setattr(products, "SMALLEST_SHARED", 0)
    a, b = (rng.standard_normal(shape) for shape in shapes)
    with use_threads(n_threads):
        found = multiply(a, b)
    assert_allclose(found, a @ b, rtol=1e-13, atol=1e-13)


def test_transposed_matrices_of_single_precision_stay_single(rng, monkeypatch):
    monkeypatch.setattr(products, "SMALLEST_SHARED", 0)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((7, 5), (9, 7)))
    with use_threads(2):
        found = multiply(a.T, b.T)
    assert found.dtype == np.float32
    assert_allclose(found, a.T @ b.T, rtol=1e-5, atol=1e-6)
