import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from hifred.cli import hifred
from hifred.errors import HifredError
from hifred.observations.file_facts import inspect_file
from tests.observations import instrument_case as case
from tests.observations.events.lists import events_hdu, good_times_hdu, write
from tests.observations.events.test_delivered_events import columns


def event_file(folder: Path) -> Path:
    pattern = np.arange(2000) % 20
    hdu = events_hdu(columns(PATTERN=pattern, frame="fk5"), frame="fk5")
    return write(folder / "e.fits", hdu, good_times_hdu([(0, 5e3)]))


def test_events_are_told_with_what_each_filter_keeps(tmp_path: Path) -> None:
    path = event_file(tmp_path)
    found = CliRunner().invoke(hifred, ["inspect", str(path), "--json"])
    assert found.exit_code == 0, found.output
    (facts,) = json.loads(found.stdout)
    assert (facts["kind"], facts["instrument"]) == ("events", "XMM EMOS1")
    assert (facts["frame"], facts["exposure_time_s"]) == ("fk5", 5e3)
    kept = {row["cut"]: row["kept"] for row in facts["cuts"]}
    # 13 of 20 patterns; then half the time.
    assert (kept["recorded"], kept["PATTERN <= 12"], kept["good times"]) == (
        2000, 1300, 650,
    )  # fmt: skip
    told = CliRunner().invoke(hifred, ["inspect", str(path)]).output
    assert "PATTERN <= 12" in told
    assert "XMM EMOS1" in told


def test_the_kinds_of_a_prepared_instrument_are_told(tmp_path: Path) -> None:
    declared = case.write_case(tmp_path)["instruments"]["mos1"]
    kinds = {
        key: inspect_file(tmp_path / declared[key])["kind"]
        for key in ("counts", "rmf", "arf")
    }
    assert kinds == {"counts": "cube", "rmf": "redistribution", "arf": "area"}
    cube = inspect_file(tmp_path / declared["counts"])
    counts = fits.getdata(tmp_path / declared["counts"])
    assert cube["total"] == counts.sum()
    assert cube["frame"] == "icrs"


def test_a_file_of_no_kind_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "n.fits")
    with pytest.raises(HifredError, match=r"n\.fits must hold events, an image"):
        inspect_file(path)
