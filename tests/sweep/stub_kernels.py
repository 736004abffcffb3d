"""Computations that take no time, for tests of the engine."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from hifred.errors import unknown_name
from hifred.sweep.kernels.kernel import Kernel, TrialStep

READ_BY = {
    "low_rank": ("rank",),
    "lrs": ("rank", "mu"),
    "guided": ("rank", "mu"),
    "w2d1d": ("mu",),
}
FREE = (
    "regularizer", "n_steps", "sleep", "behaviour", "solver", "tolerance", "metrics",
    "state_bytes", "ledger",
)  # fmt: skip


class StubKernel(Kernel):
    """Draws a cube from its settings, in `n_steps` steps; may misbehave."""

    def __init__(self, tag: str = "stub-1", **parts: str) -> None:
        self.tag = tag
        self._parts = parts

    def parts(self) -> dict[str, str]:
        return self._parts

    def active(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        known = {*FREE, "mu", "rank"}
        for name in settings:
            if name not in known:
                raise unknown_name("key", name, known)
        regularizer = settings.get("regularizer", "lrs")
        read = READ_BY[regularizer]
        kept = {k: v for k, v in settings.items() if k in read or k in FREE[1:]}
        return {"regularizer": regularizer, **kept}

    def objective(self, settings: Mapping[str, Any]) -> str:
        return f"{settings['regularizer']} {settings.get('mu')}"

    can_warm_start = True

    def check_simulation(self, name: str, settings: Mapping[str, Any]) -> None:
        if "scene" not in settings:
            raise unknown_name("key in simulate", next(iter(settings)), ["scene"])

    def simulate(self, name: str, settings: Mapping[str, Any], *, seed, path) -> None:
        path.write_text(f"{name} {settings} {seed}")

    def begin(self, input_path, settings, state, initial=None):
        return StubAttempt(input_path, settings, state, initial)


class StubAttempt:
    def __init__(self, input_path: Path, settings, state, initial) -> None:
        self.settings = settings
        self.n_steps = int(settings.get("n_steps", 1))
        self.n_done = 0
        seed = [
            int(settings["seed"]),
            int(1e6 * settings.get("mu", 0)),
            int(settings.get("rank", 0)),
        ]
        self.values = np.random.default_rng(seed).standard_normal((2, 3, 4))
        if initial is not None:
            self.values = self.values + initial.flux.values
        if state is not None:
            self.n_done = int(state["n_done"])
            self.values = state["values"]

    def step(self) -> TrialStep:
        misbehave(self.settings.get("behaviour"), self.n_done)
        if "sleep" in self.settings:
            time.sleep(self.settings["sleep"])
        self.n_done += 1
        if "ledger" in self.settings:
            with Path(self.settings["ledger"]).open("a") as ledger:
                ledger.write(f"{self.settings['mu']} {self.n_done}\n")
        self.values = self.values * 1.5 - 0.25
        cost = float(np.square(self.values).sum())
        return TrialStep(
            self.n_done, cost, self.n_done >= self.n_steps, self.n_done / self.n_steps
        )

    def state(self) -> dict[str, np.ndarray]:
        ballast = np.ones(int(self.settings.get("state_bytes", 0)), dtype=np.uint8)
        n_done = np.array(self.n_done)
        return {"values": self.values, "n_done": n_done, "ballast": ballast}

    def result(self) -> xr.Dataset:
        diverged = self.settings.get("behaviour") == "diverge"
        return stub_result(self.values, self.settings, diverged=diverged)


def misbehave(behaviour: str | None, n_done: int) -> None:
    if behaviour == "raise":
        raise RuntimeError("this trial always raises")
    if behaviour == "segfault":
        os.kill(os.getpid(), 11)
    if behaviour == "hang":
        time.sleep(3600)
    if behaviour == "memory":
        hoard = []
        while True:
            hoard.append(np.ones((16, 2**20)))
            time.sleep(0.02)
    if behaviour == "kill":
        os.kill(os.getpid(), 9)


def stub_result(values: np.ndarray, settings, *, diverged: bool = False) -> xr.Dataset:
    n_energies, n_y, n_x = values.shape
    truth = np.random.default_rng(12345).standard_normal(values.shape)
    nmse = 10 * np.log10(np.square(truth).sum() / np.square(values - truth).sum())
    flux = {"units": "photon cm-2 s-1", "long_name": "fused sky cube"}
    quality = {"units": "dB", "long_name": "NMSE", "direction": "higher"}
    return xr.Dataset(
        {
            "flux": (("energy", "y", "x"), values.astype(np.float32), flux),
            "sam": (("y", "x"), values[0], {"units": "rad", "long_name": "angle"}),
            "cost": (("iteration", "term"), np.ones((3, 2)), {"units": "1"}),
            "nmse_db": ((), nmse, quality),
        },
        coords={
            "energy": ("energy", 0.5 + np.arange(n_energies), {"units": "keV"}),
            "y": ("y", np.arange(n_y) * 10.0, {"units": "arcsec"}),
            "x": ("x", np.arange(n_x) * 10.0, {"units": "arcsec"}),
            "term": ("term", ["total", "penalty"]),
        },
        attrs={
            "outcome": "DIVERGED" if diverged else "CONVERGED",
            "message": "the cost grew" if diverged else "the gap is closed",
            "certificate": 1e-5,
            "n_iterations": 3,
        },
    )
