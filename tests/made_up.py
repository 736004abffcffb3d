"""Made-up observations, results and collected stores, laid out as on disk."""

import numpy as np
import xarray as xr

STATES = (
    "pending", "submitted", "running", "done", "failed",
    "diverged", "timeout", "oom", "lost", "cancelled",
)  # fmt: skip
N_ENERGIES, N_CHANNELS, FACTOR = 24, 8, 3
SKY = (12, 9)
PIXEL_ARCSEC = 10.0


def _centres(n: int, step: float) -> np.ndarray:
    return (np.arange(n) - (n - 1) / 2) * step


def labelled(dims, values, units, long_name, **attrs):
    return dims, values, {"units": units, "long_name": long_name, **attrs}


def sky_coords(shape=SKY, n_energies=N_ENERGIES):
    edges = np.linspace(0.5, 1.4, n_energies + 1)
    energy = (edges[1:] + edges[:-1]) / 2
    return {
        "energy": labelled("energy", energy, "keV", "energy"),
        "energy_edges": labelled("energy_edge", edges, "keV", "energy bin edges"),
        "y": labelled("y", _centres(shape[0], PIXEL_ARCSEC), "arcsec", "y offset"),
        "x": labelled("x", _centres(shape[1], PIXEL_ARCSEC), "arcsec", "x offset"),
    }


def make_truth(shape=SKY, n_energies=N_ENERGIES) -> xr.Dataset:
    """Return a shell with a line whose energy drifts from left to right."""
    coords = sky_coords(shape, n_energies)
    energy, y, x = (np.asarray(coords[name][1]) for name in ("energy", "y", "x"))
    radius = np.hypot(y[:, None] / y.max(), x[None, :] / x.max())
    shell = np.exp(-(((radius - 0.7) / 0.25) ** 2)) + 0.05
    line = 0.95 + 0.1 * x / x.max()
    spectrum = 0.3 + 2 * np.exp(-(((energy[:, None] - line) / 0.06) ** 2))
    flux = 1e-6 * spectrum[:, None, :] * shell
    return xr.Dataset(
        {"flux": labelled(("energy", "y", "x"), flux, "photon cm-2 s-1", "flux")},
        coords=coords,
    )


def make_observation(truth: xr.Dataset, role: str, seed: int = 5) -> xr.Dataset:
    """Return Poisson counts of a truth, rebinned in energy or in space, unblurred."""
    rng = np.random.default_rng(seed)
    coords = {k: v for k, v in truth.coords.items() if k.startswith("energy")}
    edges = truth["energy_edges"].to_numpy()
    n_energies, *shape = truth["flux"].shape
    area, exposure_time = np.linspace(150.0, 350.0, n_energies), 2e5
    mean = truth["flux"].to_numpy() * (area * exposure_time)[:, None, None]
    step = 1
    if role == "imager":
        mean = mean.reshape(N_CHANNELS, -1, *shape).sum(axis=1)
        edges = edges[:: n_energies // N_CHANNELS]
    else:
        step = FACTOR
        rows, columns = shape[0] // step, shape[1] // step
        mean = mean.reshape(-1, rows, step, columns, step).sum(axis=(2, 4))
    dims = ("channel", "y", "x")
    y, x = (_centres(n, step * PIXEL_ARCSEC) for n in mean.shape[1:])
    return xr.Dataset(
        {
            "counts": labelled(dims, rng.poisson(mean), "count", "counts"),
            "expected_counts": labelled(dims, mean, "count", "expected counts"),
            "effective_area": labelled("energy", area, "cm2", "effective area"),
            "exposure_time": labelled((), exposure_time, "s", "exposure time"),
        },
        coords={
            **coords,
            "channel": ("channel", np.arange(len(mean))),
            "channel_edges": labelled("channel_edge", edges, "keV", "channel edges"),
            "y": labelled("y", y, "arcsec", "y offset"),
            "x": labelled("x", x, "arcsec", "x offset"),
        },
        attrs={
            "schema": "hifred-observation", "schema_version": 1, "instrument": role,
            "role": role, "pixel_size_arcsec": step * PIXEL_ARCSEC,
            "sky_pixel_size_arcsec": PIXEL_ARCSEC,
        },
    )  # fmt: skip


def make_observations(truth: xr.Dataset) -> dict[str, xr.Dataset]:
    return {
        role: make_observation(truth, role, seed)
        for seed, role in enumerate(("imager", "spectrometer"))
    }


def make_result(truth: xr.Dataset, seed: int = 1, spread: float = 0.08) -> xr.Dataset:
    """Return something like a fused cube, with its cost curve and maps."""
    rng = np.random.default_rng(seed)
    flux = truth["flux"].to_numpy()
    noisy = np.maximum(flux * (1 + spread * rng.standard_normal(flux.shape)), 0)
    decay = 3e4 * np.exp(-np.arange(40) / 4)
    parts = np.stack([decay * 1.2, decay * 0.7, decay * 0.4, decay * 0.1], axis=1)
    images = {
        "sam": rng.uniform(0.02, 0.2, flux.shape[1:]),
        "relative_error": 100 * spread * rng.standard_normal(flux.shape[1:]),
    }
    units = {"sam": "rad", "relative_error": "%"}
    terms = ["total", "imager", "spectrometer", "penalty"]
    return xr.Dataset(
        {
            "flux": labelled(
                ("energy", "y", "x"), noisy.astype("f4"), "photon cm-2 s-1", "flux"
            ),
            "cost": labelled(("iteration", "term"), parts - 2e6, "1", "cost"),
            **{
                name: labelled(
                    ("y", "x"), image, units[name], name.replace("_", " "),
                    needs_truth=1,
                )
                for name, image in images.items()
            },
        },
        coords={**truth.coords, "term": terms, "iteration": np.arange(40)},
        attrs={"outcome": "CONVERGED", "message": "The relative gap is below 1e-4."},
    )  # fmt: skip


def made_up_measures(nmse: np.ndarray) -> dict[str, tuple]:
    """Return values, units, direction and whether the truth is needed, by name."""
    return {
        "nmse_db": (nmse, "dB", "higher", 1),
        "asam": (0.9 - nmse / 40, "rad", "lower", 1),
        "acssim": (0.08 - nmse / 400, "1", "lower", 1),
        "deviance": (4e4 - 300 * nmse, "1", "lower", 0),
    }


def planned_trials() -> list[tuple]:
    """Return model, regularizer, mu and rank of every trial."""
    rows = [("low_rank", np.nan, rank) for rank in (5.0, 10.0)]
    rows += [("w2d1d", mu, np.nan) for mu in (0.5, 1.0, 2.0)]
    rows += [
        ("lrs", mu, rank)
        for rank in (5.0, 10.0, 20.0)
        for mu in (0.001, 0.003, 0.01, 0.03)
        if (mu, rank) != (0.03, 20.0)
    ]
    return [(model, *row) for model in ("demo", "hot") for row in rows]


def make_collected(*, with_truth: bool = True) -> xr.Dataset:
    """Return a collected store: two models, lrs over mu and rank, low_rank, w2d1d.

    One trial failed, one diverged, one is pending, and one cell was never planned.
    """
    table = planned_trials()
    status = np.full(len(table), STATES.index("done"), dtype="u1")
    status[[6, 9, 12]] = [STATES.index(s) for s in ("failed", "diverged", "pending")]
    done = status == STATES.index("done")
    regularizer = np.array([row[1] for row in table])
    mu, rank = (np.array([row[i] for row in table]) for i in (2, 3))
    nmse = 22 - np.abs(np.log10(np.nan_to_num(mu, nan=0.1)) + 2.4) * 2
    nmse += np.nan_to_num(rank, nan=8.0) ** 0.3
    measures = made_up_measures(nmse)
    if not with_truth:
        measures = {"deviance": measures["deviance"]}
    return xr.Dataset(
        {
            "status": (
                "trial", status,
                {
                    "long_name": "state of the trial", "units": "1",
                    "flag_values": np.arange(len(STATES), dtype="u1"),
                    "flag_meanings": " ".join(STATES),
                },
            ),
            **{
                name: labelled(
                    "trial", np.where(done, values, np.nan), units, name,
                    direction=direction, needs_truth=needs,
                )
                for name, (values, units, direction, needs) in measures.items()
            },
        },
        coords={
            "trial": [f"{i:012x}" for i in range(len(table))],
            "model": ("trial", np.array([row[0] for row in table])),
            "regularizer": ("trial", regularizer),
            "mu": labelled("trial", mu, "1", "strength"),
            "rank": labelled("trial", rank, "1", "rank"),
        },
        attrs={"name": "made-up"},
    )  # fmt: skip
