"""The report: whole, valid, self-contained, and frank about what is missing."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pytest

from hifred.errors import HifredError
from hifred.plots.trial_grid import trials_of
from hifred.report.page import render_page
from hifred.report.pictures import take_picture
from hifred.report.tables import all_trials_table
from tests.chromium import open_chromium
from tests.made_up import make_collected
from tests.shelves import fill

ROOT = Path(__file__).parents[2]
VALIDATOR = ROOT / "build/npm/node_modules/vnu-jar/build/dist/vnu.jar"


class Images(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    table = make_collected()
    table = table.isel(trial=table["model"].to_numpy() == "demo")
    table["message"] = ("trial", ["<b>no memory</b>"] * table.sizes["trial"])
    shelf = fill(tmp_path_factory.mktemp("sweep"), table)
    return render_page(shelf, name="a < b & c", declaration='name = "a<b"')


@pytest.fixture(scope="module")
def real_page(tmp_path_factory) -> str:
    table = make_collected(with_truth=False).isel(trial=slice(0, 9))
    shelf = fill(tmp_path_factory.mktemp("real"), table, with_truth=False)
    return render_page(shelf, name="real")


@pytest.fixture(params=["page", "real_page"])
def any_page(request) -> str:
    return request.getfixturevalue(request.param)


def test_it_is_html_to_the_letter(any_page) -> None:
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(any_page)
    assert parser.errors == []


def test_a_wrong_page_would_be_found() -> None:
    with pytest.raises(html5lib.html5parser.ParseError):
        html5lib.HTMLParser(strict=True).parse("<!DOCTYPE html><p><table></p></b>")


def test_every_picture_has_an_alternative_text(any_page) -> None:
    images = Images(any_page).found
    assert len(images) >= 5
    assert all(len(image["alt"] or "") > 20 for image in images)


def test_it_needs_nothing_else(any_page) -> None:
    for image in Images(any_page).found:
        assert (image["src"] or "").startswith("data:image/")
    assert not re.search(r"<(script|link|iframe)\b", any_page)
    assert not re.search(r"(src|href)=\"(?!data:|#)", any_page)
    assert "@import" not in any_page
    assert "url(" not in any_page


def test_it_is_small(any_page) -> None:
    assert len(any_page.encode()) < 5e6


def test_what_others_wrote_is_escaped(page) -> None:
    assert "a &lt; b &amp; c" in page
    assert "name = &#34;a&lt;b&#34;" in page
    assert "<b>no memory</b>" not in page


def test_failures_are_listed_with_their_reason(page) -> None:
    assert "Trials without a result" in page
    for word in ("failed", "diverged", "pending", "no memory"):
        assert word in page


def test_real_data_refuse_what_needs_the_truth(real_page) -> None:
    assert "nobody knows the true sky" in real_page
    assert real_page.count("Not drawn: ") >= 3
    assert "nmse_db must be compared with the true sky" in real_page


def test_a_refusal_becomes_its_reason() -> None:
    def refuse():
        raise HifredError("no")

    assert take_picture("t", "a", refuse).reason == "no"


@pytest.mark.browser
def test_the_reference_validator_finds_no_error(any_page, tmp_path) -> None:
    java = shutil.which("java")
    if java is None or not VALIDATOR.is_file():
        pytest.skip("no java or no vnu.jar: `make test-browser` gets them")
    path = tmp_path / "report.html"
    path.write_text(any_page, encoding="utf-8")
    command = [java, "-jar", str(VALIDATOR), "--format", "json", str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(found.stderr)["messages"] == []


@pytest.mark.browser
def test_it_opens_from_the_file_system_and_prints(page, tmp_path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    with open_chromium(tmp_path / "profile", width=1100) as chromium:
        chromium.open(path.as_uri(), is_bokeh=False)
        assert chromium.console() == []
        broken = chromium.run(
            "return Array.from(document.images)"
            ".filter((image) => !image.complete || !image.naturalWidth).length"
        )
        assert broken == 0
        wide = chromium.run(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
        assert wide <= 0
        assert all(
            a.startswith(("file:", "data:", "chrome")) for a in chromium.requests()
        )
        chromium.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").stat().st_size > 50_000


@pytest.mark.browser
def test_a_phone_shows_long_names_whole_and_figures_that_are_read(
    page, tmp_path
) -> None:
    path = tmp_path / "report.html"
    long = "a_model_" * 12
    named = page.replace(">Model demo<", f">Model {long}<").replace(" of demo ", long)
    assert named.count(long) >= 2
    path.write_text(named, encoding="utf-8")
    device = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    with open_chromium(tmp_path / "profile") as chromium:
        chromium.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        chromium.open(path.as_uri(), is_bokeh=False)
        assert chromium.run("return document.documentElement.scrollWidth") == 390
        ends = "[...document.querySelectorAll('h2, caption')].map((text) => {"
        ends += "const words = document.createRange(); words.selectNodeContents(text);"
        ends += "return words.getBoundingClientRect().right})"
        assert max(chromium.run(f"return {ends}")) <= 390
        widths = chromium.run("return [...document.images].map((i) => i.clientWidth)")
        assert min(widths) >= 380  # narrower, its letters are too small


def test_the_verdicts_come_first(page) -> None:
    verdict = page.index("Take lrs mu")
    assert verdict < page.index("Trials by model and state") < page.index("<img")


def test_no_measure_is_called_by_its_name_in_the_store(page) -> None:
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", page)
    assert not [cell for cell in cells if "nmse_db" in cell or "asam_bright" in cell]
    assert "<dt>NMSE</dt>" in page


def test_numbers_have_four_digits_at_most_and_stand_at_the_right(page) -> None:
    numbers = re.findall(r'<td class="number">([^<]*)</td>', page)
    assert len(numbers) > 50
    digits = [re.sub(r"e.*|[^0-9]", "", text).lstrip("0") for text in numbers]
    assert max(map(len, digits)) <= 4


def test_rows_know_their_place_in_every_order() -> None:
    table = trials_of(make_collected())
    shown = all_trials_table(table)
    column = next(i for i, n in enumerate(shown.headings) if n.startswith("NMSE"))
    done = [i for i, row in enumerate(shown.rows) if row[column] != "–"]
    by_place = sorted(done, key=lambda i: shown.places[i][column])
    values = [float(shown.rows[i][column]) for i in by_place]
    assert values == sorted(values, reverse=True)
    assert {len(places) for places in shown.places} == {len(shown.headings)}


def test_a_picture_is_not_repeated(page) -> None:
    sources = [image["src"] for image in Images(page).found]
    assert len(sources) == len(set(sources))


@pytest.mark.browser
def test_a_heading_sorts_the_trials(page, tmp_path) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    rows = (
        "return Array.from(document.querySelectorAll('#all-trials tbody tr'))"
        ".map((row) => [row.getBoundingClientRect().top, row.cells[%d].textContent])"
        ".sort((a, b) => a[0] - b[0]).map((pair) => pair[1])"
    )
    with open_chromium(tmp_path / "profile", width=1400) as chromium:
        chromium.open(path.as_uri(), is_bokeh=False)
        mu = chromium.run(
            "return Array.from(document.querySelectorAll('#all-trials th'))"
            ".findIndex((cell) => cell.textContent === 'mu')"
        )
        chromium.run(f"document.getElementById('sort-{mu}').click()")
        numbers = [float(t) for t in chromium.run(rows % mu) if t != "–"]
        assert numbers == sorted(numbers)
        chromium.run("document.getElementById('reverse').click()")
        numbers = [float(t) for t in chromium.run(rows % mu) if t != "–"]
        assert numbers == sorted(numbers, reverse=True)
