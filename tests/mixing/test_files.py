"""Files of a mixing: read by others, folded to the counts, scripts that name them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from astropy import units
from astropy.io import fits
from astropy.io.fits.scripts.fitscheck import main as fitscheck
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.mixing import (
    light_from_elsewhere,
    mixing,
    write_elsewhere,
    write_mixing,
)
from hifred.mixing.detector_files import detector_response
from hifred.observations import predicted_counts
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.regions import fused_field, parse_regions
from tests.mixing.scene import REGIONS, N, make_input, make_result


class Written:
    """A mixing in a folder, and what it was written from."""

    def __init__(
        self, folder: Path, text: str = REGIONS, *, is_by_pixel: bool = False
    ) -> None:
        self.folder, self.result, self.ready = folder, make_result(), make_input()
        regions = parse_regions(text, fused_field(self.result))
        self.mixed = mixing(
            self.result, self.ready, regions, is_by_pixel=is_by_pixel, n_bands=N
        )
        self.files = write_mixing(folder, self.mixed)
        self.found, self.groups = self.mixed.data, self.mixed.groups


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)


def folded(written: Written, group: str) -> np.ndarray:
    """Return the counts (channel,) of a group from the files alone."""
    folder = written.folder
    spectrum = read_pha(folder / f"{group}.pha")
    rmf = read_rmf(folder / spectrum.files["RESPFILE"])
    total = np.zeros(len(spectrum.counts))
    for region in written.found["region"].values:
        arf = read_arf(folder / f"{region}_in_{group}.arf")
        light = written.found["flux"].sel(region=region).values
        total += rmf.fold(light * arf.effective_area) * spectrum.exposure_time
    return total


def test_the_files_of_all_regions_fold_to_the_expected_counts(
    written: Written,
) -> None:
    quiet = make_input(background=None).observations
    expected = predicted_counts(written.result, quiet)["resolve"]
    for number, group in enumerate(written.groups.names):
        pixels = written.groups.labels == number
        assert_allclose(folded(written, group), expected[:, pixels].sum(axis=1))


def test_spectra_are_the_recorded_counts_of_their_pixels(written: Written) -> None:
    observed = written.ready.observations["resolve"]
    for number, group in enumerate(written.groups.names):
        pixels = written.groups.labels == number
        spectrum = read_pha(written.folder / f"{group}.pha")
        counts = observed["counts"].values[:, pixels].sum(axis=1)
        assert_array_equal(spectrum.counts, counts)
        assert spectrum.is_poisson
        assert spectrum.files["ANCRFILE"] == f"{group}_in_{group}.arf"
        background = read_pha(written.folder / spectrum.files["BACKFILE"])
        scale = spectrum.exposure_time / background.exposure_time
        assert_allclose(background.counts * scale, 2.5 * pixels.sum())
        # A line spread of 0.63 bins: what is beyond the band lands in its ends.
        assert spectrum.quality is not None
        assert_array_equal(np.flatnonzero(spectrum.quality), [0, 1, 4, 5])


def test_all_files_pass_fitscheck(written: Written) -> None:
    names = [str(p) for p in written.files if p.suffix in (".pha", ".arf", ".rmf")]
    assert len(names) == 3 + 3 + 9 + 1
    assert fitscheck(names) == 0


def test_gammapy_reads_spectra_and_cross_arfs(written: Written) -> None:
    from gammapy.datasets import SpectrumDatasetOnOff
    from gammapy.datasets.io import OGIPDatasetReader

    theirs = SpectrumDatasetOnOff.read(written.folder / "knot.pha", name="knot")
    ours = read_pha(written.folder / "knot.pha")
    assert_allclose(theirs.counts.data.ravel(), ours.counts)
    kernel = theirs.edisp.get_edisp_kernel().data.T
    assert_allclose(kernel, detector_response(written.mixed.view).matrix.toarray())
    read = OGIPDatasetReader.read_arf(
        written.folder / "rim_in_knot.arf", ours.exposure_time * units.s
    )
    share = written.found["share"].sel(region="rim", group="knot").values
    exposure = share * written.mixed.view.area * ours.exposure_time
    assert_allclose(read.quantity.to_value("cm2 s").ravel(), exposure)


def test_tables_are_those_of_the_mixing(written: Written) -> None:
    table = pd.read_csv(written.folder / "shares.csv", index_col="region")
    assert_allclose(table, written.mixed.shares)
    assert list(table.columns) == ["knot", "rim", "elsewhere", "lost"]
    kept = xr.open_zarr(written.folder / "mixing.zarr", consolidated=False)
    assert_allclose(kept["share"], written.found["share"])
    labels = fits.getdata(written.folder / "groups.fits")
    assert_array_equal(labels, written.groups.labels)


def test_scripts_name_files_that_are_there(written: Written) -> None:
    xcm = (written.folder / "fit.xcm").read_text()
    named = re.findall(r"\S+\.(?:pha|arf|rmf)\b", xcm)
    assert len(named) == 3 + 9 + 9
    assert all((written.folder / name).exists() for name in named)
    assert "arf 2:1 rim_in_knot.arf" in xcm
    script = (written.folder / "fit_sherpa.py").read_text()
    compile(script, "fit_sherpa.py", "exec")
    named = re.findall(r"[\w.]+\.(?:pha|arf|rmf)\b", script)
    assert all((written.folder / name).exists() for name in named)


def test_sherpa_fits_with_the_script_as_it_is(written: Written) -> None:
    # Its wheels need a libfftw3 that not every machine has.
    pytest.importorskip(
        "sherpa.astro.ui", reason="sherpa does not run here", exc_type=ImportError
    )
    import sherpa.astro.ui as ui

    script = written.folder / "fit_sherpa.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(written.folder)
        exec(compile(script.read_text(), str(script), "exec"), {"__name__": "fit"})
    assert ui.get_fit_results().succeeded
    assert set(ui.get_fit_results().datasets) == set(written.groups.names)


def test_names_of_regions_do_nothing_in_the_scripts(tmp_path: Path) -> None:
    text = REGIONS.replace("knot", "a\"'; import os #").replace("rim", "rim$(ls)")
    written = Written(tmp_path, text)
    script = (tmp_path / "fit_sherpa.py").read_text()
    assert "'a\"\\'; import os #'" in script
    compile(script, "fit_sherpa.py", "exec")
    xcm = (tmp_path / "fit.xcm").read_text().splitlines()
    # Only in comments, and as plain names of files.
    assert all(line.startswith("#") for line in xcm if "$" in line or ";" in line)
    assert len(list(tmp_path.glob("rim_ls_*_in_a_import_os_.arf"))) == 1
    assert written.mixed.shares.index[0] == "a\"'; import os #"


def test_no_name_of_a_region_hides_a_command_of_the_script(tmp_path: Path) -> None:
    # Tcl goes on with a comment where its line ends with a backslash.
    Written(tmp_path, REGIONS.replace("knot", "knot\\"))
    xcm = (tmp_path / "fit.xcm").read_text()
    assert "\\" not in xcm
    assert len(re.findall(r"^model \d:r\d phabs\*apec & /\*$", xcm, re.M)) == 3


def test_single_pixels_have_spectra_of_their_own(tmp_path: Path) -> None:
    written = Written(tmp_path, is_by_pixel=True)
    spectrum = read_pha(tmp_path / "pixel-2-3.pha")
    counts = written.ready.observations["resolve"]["counts"].values[:, 1, 2]
    assert_array_equal(spectrum.counts, counts)
    assert "ANCRFILE" not in spectrum.files  # that of no region


def test_the_map_of_light_from_elsewhere_is_written(tmp_path: Path) -> None:
    ready = make_input()
    found = light_from_elsewhere(ready)
    write_elsewhere(tmp_path, found, ready)
    image = fits.getdata(tmp_path / "elsewhere.fits")
    assert_allclose(image, found["elsewhere"])
    table = pd.read_csv(tmp_path / "elsewhere.csv")
    row = table[(table["row"] == 2) & (table["column"] == 3)].iloc[0]
    assert_allclose(row["elsewhere"], found["elsewhere"][1, 2])


def test_folders_that_cannot_be_written_are_told(
    tmp_path: Path, written: Written
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HifredError, match="output must be writable"):
        write_mixing(tmp_path / "file", written.mixed)
    with pytest.raises(HifredError, match="output must be writable"):
        write_elsewhere(tmp_path / "file", light_from_elsewhere(written.ready),
                        written.ready)  # fmt: skip
