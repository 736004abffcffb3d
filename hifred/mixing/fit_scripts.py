"""Scripts of the joint fit: all groups at once, each lit by every region."""

from hifred.mixing.detector_files import RESPONSE, PairFiles

MODEL_XSPEC = "phabs*apec"
XCM_HEAD = """\
# Joint fit of all groups of pixels, each with the light of every region.
# One model for each region: change {model}, and give it its first parameters.
# Run it in this folder: xspec - fit.xcm
statistic cstat
query yes
"""
SHERPA_HEAD = '''\
"""Joint fit of all groups of pixels, each with the light of every region.

One model for each region: change MODEL, and give it its first parameters. Run it in
this folder: sherpa fit_sherpa.py
"""

from sherpa.astro import ui


def MODEL(name):
    return ui.powlaw1d(name)


'''


def xcm_script(regions: list[str], groups: list[str], files: PairFiles) -> str:
    """Return commands for XSPEC: one data group, one source for each region.

    Parameters
    ----------
    regions, groups : lists of str
    files : PairFiles
    """
    lines = [XCM_HEAD.format(model=MODEL_XSPEC)]
    for number, group in enumerate(groups, start=1):
        lines.append(f"data 1:{number} {files.spectra[group]}")
        for source, region in enumerate(regions, start=1):
            lines.append(f"response {source}:{number} {RESPONSE}")
            lines.append(f"arf {source}:{number} {files.areas[region, group]}")
    lines += ["ignore bad", "setplot energy"]
    for source, region in enumerate(regions, start=1):
        lines.append(f"# {_one_line(region)}")
        lines.append(f"model {source}:r{source} {MODEL_XSPEC} & /*")
    return "\n".join([*lines, "fit 1000", "show all", ""])


def sherpa_script(regions: list[str], groups: list[str], files: PairFiles) -> str:
    """Return a Python script for sherpa; see `xcm_script`."""
    models = [f"    {region!r}: MODEL('r{number}')," for number, region in
              enumerate(regions, start=1)]  # fmt: skip
    spectra = [f"    {group!r}: {files.spectra[group]!r}," for group in groups]
    areas = [
        f"    ({region!r}, {group!r}): {files.areas[region, group]!r},"
        for group in groups
        for region in regions
    ]
    return SHERPA_HEAD + "\n".join(
        [
            "models = {", *models, "}", "spectra = {", *spectra, "}", "areas = {",
            *areas, "}", "",
            "# A data set of its own for each pair, only to hold its response.",
            "for group, spectrum in spectra.items():",
            "    ui.load_pha(group, spectrum)",
            "    ui.ignore_bad(group)",
            "    lit = 0",
            "    for region, model in models.items():",
            "        pair = f'{region} in {group}'",
            "        ui.load_pha(pair, spectrum)",
            "        ui.load_arf(pair, areas[region, group])",
            f"        ui.load_rmf(pair, {RESPONSE!r})",
            "        lit = ui.get_response(pair)(model) + lit",
            "    ui.set_full_model(group, lit)",
            "",
            'ui.set_stat("wstat" if ui.list_bkg_ids(next(iter(spectra))) else "cstat")',
            "ui.fit(*spectra)",
            "",
        ]
    )  # fmt: skip


def _one_line(text: str) -> str:
    # To Tcl, a comment that ends with a backslash goes on in the next line.
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)
