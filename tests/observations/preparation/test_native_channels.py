"""Real responses at their native channels: combs are sums, and memory stays small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.observations.formats.ogip import read_rmf
from hifred.observations.preparation.instrument_settings import InstrumentSettings
from hifred.observations.preparation.spectral_response import read_spectral_response
from tests.observations.sxs_comb import TAIL_EDGES, tail_columns, write_comb

SXS = "responses/ah100040030_sxs_cl2_HP_small.rmf.gz"
MOS1 = "responses/xmm_mos1_0605960101.rmf"


@pytest.fixture(scope="module")
def comb(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    return write_comb(tmp_path_factory.mktemp("comb") / "comb.rmf", shared_data / SXS)


@pytest.mark.slow
def test_a_comb_of_sxs_is_the_sum_of_its_parts(comb: Path, shared_data: Path) -> None:
    settings = InstrumentSettings(
        role="spectrometer", counts="a.fits", rmf=str(comb), effective_area_cm2=1.0
    )
    response = read_spectral_response("resolve", settings, (6.4, 6.6))
    edges = response.parts[0].energy_edges
    edges = edges[(edges > 6.3) & (edges < 6.7)]
    area, split = response.on_grid(edges)
    assert split is not None
    assert split.left.shape[1] < 40  # on its coarse energies still
    core = read_rmf(shared_data / SXS, energy_band=(5.4, 7.6), channel_band=(5.4, 7.6))
    middle = 0.5 * (edges[1:] + edges[:-1])
    rows = tail_columns(read_rmf(shared_data / SXS).channel_high)
    index = np.searchsorted(TAIL_EDGES, middle, "right") - 1
    full = np.zeros((len(middle), max(map(len, rows))))
    for row, i in zip(full, index, strict=True):
        row[: len(rows[i])] = rows[i]
    kept = (
        core.channel
        - core.channel[0]
        + int(
            np.searchsorted(
                read_rmf(shared_data / SXS).channel_low, core.channel_low[0]
            )
        )
    )
    tail = np.pad(full, ((0, 0), (0, 40000)))[:, kept].T
    at = np.searchsorted(core.energy_edges, middle) - 1
    expected = core.matrix[:, at].toarray() + tail
    assert_allclose(split.whole().toarray() * area, expected, rtol=1e-7, atol=1e-12)


# The peak of getrusage is inherited from the process that starts this one; that of
# /proc is its own.
SCRIPT = """
import pathlib, sys
import numpy as np
from hifred.observations.preparation.instrument_settings import InstrumentSettings
from hifred.observations.preparation.spectral_response import read_spectral_response
from hifred.observations.preparation.spectral_target import spectral_parts
band, responses = (2.0, 10.0), {}
for name, rmf in (("mos1", sys.argv[1]), ("resolve", sys.argv[2])):
    role = "spectrometer" if name == "resolve" else "imager"
    settings = InstrumentSettings(
        role=role, counts="a.fits", rmf=rmf, effective_area_cm2=100.0
    )
    response = read_spectral_response(name, settings, band)
    edges = response.channel_edges(band, 1)
    responses[name] = response.onto_channels(edges)
parts = spectral_parts(responses, np.linspace(edges[0], edges[-1], len(edges)), name)
status = pathlib.Path("/proc/self/status").read_text()
print(len(parts["resolve"].area), int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_2_to_10_kev_at_native_channels_take_little_memory(
    comb: Path, shared_data: Path
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(shared_data / MOS1), str(comb)],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    n_energies, peak_mib = map(float, told.split())
    assert n_energies == 16000
    assert peak_mib < 1536
