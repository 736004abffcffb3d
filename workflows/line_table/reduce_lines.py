"""Reduce AtomDB/APEC line emissivities to the compact table of the simulated scenes.

    cd workflows/line_table
    python reduce_lines.py APEC.npz ../../hifred/simulation/data/lines.npz

`APEC.npz` holds the lines of AtomDB/APEC 3.0.9 (Foster et al. 2012, ApJ 756, 128) in
collisional equilibrium: `kT_keV` (temperature), and per line and temperature `iT`,
`E_keV`, `epsilon_ph_cm3_s` (photon cm3 s-1, solar abundances included) and `Z`.
In every window of 10 eV and for every element the strongest lines are kept one by one
until they carry 95 % of the photons; the others are merged into one line per
2 eV, so that no photon is lost. Emissivities are stored as the square root of the
share of a line's own maximum, in 65535 steps (a relative error of 3e-5 at the peak).
"""

import sys
from pathlib import Path

import numpy as np

BANDS_KEV = ((0.30, 2.20), (5.85, 8.10))
KT_RANGE_KEV = (0.06, 11.0)
WINDOW_KEV, MERGED_KEV, KEPT_SHARE = 0.010, 0.002, 0.95
PROVENANCE = (
    "AtomDB/APEC 3.0.9 collisional-equilibrium lines (Foster et al. 2012, ApJ 756, "
    "128; www.atomdb.org), reduced by workflows/line_table/reduce_lines.py"
)


def unique_lines(apec: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return energies, elements and emissivities (line, temperature) of all lines."""
    energy = apec["E_keV"]
    temperature = apec["kT_keV"]
    wanted = np.flatnonzero(
        (temperature > KT_RANGE_KEV[0]) & (temperature < KT_RANGE_KEV[1])
    )
    inside = np.isin(apec["iT"], wanted) & np.any(
        [(energy > low) & (energy < high) for low, high in BANDS_KEV], axis=0
    )
    key = np.rint(energy[inside] * 1e7).astype(np.int64) * 100 + apec["Z"][inside]
    key, line = np.unique(key, return_inverse=True)
    emissivity = np.zeros((len(key), len(wanted)))
    step = apec["iT"][inside] - wanted[0]
    np.add.at(emissivity, (line, step), apec["epsilon_ph_cm3_s"][inside])
    return {
        "energy": key // 100 / 1e7,
        "element": (key % 100).astype(np.uint8),
        "emissivity": emissivity,
        "kt": temperature[wanted],
    }


def strong_lines(lines: dict[str, np.ndarray]) -> np.ndarray:
    """Return which lines are kept one by one."""
    # A line matters if it matters at any temperature, whatever the others do there.
    weight = (lines["emissivity"] / lines["emissivity"].sum(axis=0)).max(axis=1)
    window = np.floor(lines["energy"] / WINDOW_KEV).astype(int)
    strong = np.zeros(len(weight), dtype=bool)
    for group in np.unique(window * 100 + lines["element"]):
        members = np.flatnonzero(window * 100 + lines["element"] == group)
        members = members[np.argsort(-weight[members])]
        carried = np.cumsum(weight[members]) - weight[members]
        kept = (carried < KEPT_SHARE * weight[members].sum()) & (weight[members] > 2e-5)
        strong[members[kept]] = True
    return strong


def merge(lines: dict[str, np.ndarray], weak: np.ndarray) -> dict[str, np.ndarray]:
    """Return one line per element and 2 eV in place of the `weak` ones."""
    bins = np.floor(lines["energy"][weak] / MERGED_KEV).astype(int)
    key, line = np.unique(bins * 100 + lines["element"][weak], return_inverse=True)
    emissivity = np.zeros((len(key), lines["emissivity"].shape[1]))
    np.add.at(emissivity, line, lines["emissivity"][weak])
    weight = lines["emissivity"][weak].sum(axis=1)
    energy = np.bincount(line, weight * lines["energy"][weak]) / np.bincount(
        line, weight
    )
    return {
        "energy": energy,
        "element": (key % 100).astype(np.uint8),
        "emissivity": emissivity,
    }


def main(source: str, target: str) -> None:
    """Write the compact table."""
    with np.load(source, allow_pickle=False) as apec:
        lines = unique_lines(dict(apec))
    strong = strong_lines(lines)
    merged = merge(lines, ~strong)
    table = {
        name: np.concatenate([lines[name][strong], merged[name]])
        for name in ("energy", "element", "emissivity")
    }
    order = np.argsort(table["energy"])
    emissivity = table["emissivity"][order]
    peak = emissivity.max(axis=1)
    np.savez_compressed(
        target,
        kt_kev=lines["kt"].astype(np.float32),
        energy_kev=table["energy"][order].astype(np.float32),
        element=table["element"][order],
        peak_photon_cm3_s=peak.astype(np.float32),
        root_share=np.rint(65535 * np.sqrt(emissivity / peak[:, None])).astype(
            np.uint16
        ),
        provenance=np.array(PROVENANCE),
    )
    print(
        f"{strong.sum()} lines kept, {(~strong).sum()} merged into "
        f"{len(merged['energy'])}; {Path(target).stat().st_size / 1e3:.0f} kB"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
