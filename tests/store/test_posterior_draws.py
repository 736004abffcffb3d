import json

import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import SchemaError
from hifred.store.posterior_draws import read_draws, save_draws
from tests.posterior.made_up_draws import made_up_draws


def test_draws_come_back(tmp_path):
    draws = made_up_draws()
    read = read_draws(save_draws(tmp_path / "draws.zarr", draws))
    assert read.count == draws.count
    assert_allclose(read.fit, draws.fit)
    assert_allclose(read.standard_error(), draws.standard_error(), rtol=1e-4)
    assert json.loads(read.data.attrs["provenance"])["hifred"]


def test_earlier_draws_are_replaced_and_nothing_else(tmp_path):
    path = save_draws(tmp_path / "draws.zarr", made_up_draws(6))
    save_draws(path, made_up_draws(4))
    assert read_draws(path).count == 4
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("mine")
    with pytest.raises(SchemaError, match="new or empty folder, or earlier draws"):
        save_draws(tmp_path / "mine", made_up_draws())


def test_what_holds_no_draws_is_refused(tmp_path):
    with pytest.raises(SchemaError, match="must be draws that `hifred sample` wrote"):
        read_draws(tmp_path / "nothing")
    xr.Dataset(attrs={"schema": "mine"}).to_zarr(tmp_path / "other")
    with pytest.raises(SchemaError, match="got 'mine', version None"):
        read_draws(tmp_path / "other")


@pytest.mark.filterwarnings("error")
def test_a_fusion_given_for_draws_is_told_in_one_sentence(tmp_path):
    xr.Dataset(attrs={"schema": "mine"}).to_zarr(
        tmp_path / "other", consolidated=False, zarr_format=3
    )
    with pytest.raises(SchemaError, match="got 'mine', version None"):
        read_draws(tmp_path / "other")
