"""A supernova remnant in three dimensions: its fields, cell by cell."""

import numpy as np
from pydantic import Field

from hifred.settings import Number, Whole, settings
from hifred.simulation.cells import PlasmaCells, join_cells
from hifred.simulation.turbulence import random_field


@settings
class RemnantSettings:
    """What the simulated remnant looks like."""

    seed: Whole = Field(
        default=1,
        ge=0,
        description="Of the clumps and of the fields of temperature, ionisation and "
        "abundance.",
    )
    radius_fraction: Number = Field(
        default=0.86,
        gt=0.0,
        le=2.0,
        description="Radius of the forward shock over half the smaller side of the "
        "image.",
    )
    velocity_km_s: Number = Field(
        default=7000.0,
        ge=0.0,
        le=30000.0,
        description="Expansion velocity at the forward shock.",
    )
    kt_min_kev: Number = Field(
        default=0.2, ge=0.15, le=4.0, description="Range of the electron temperature."
    )
    kt_max_kev: Number = Field(
        default=3.0, ge=0.15, le=4.0, description="Range of the electron temperature."
    )
    log_tau_min: Number = Field(
        default=8.0,
        ge=8.0,
        le=12.0,
        description="Range of the decimal logarithm of the ionisation time-scale, "
        "cm-3 s.",
    )
    log_tau_max: Number = Field(
        default=11.5,
        ge=8.0,
        le=12.0,
        description="Range of the decimal logarithm of the ionisation time-scale, "
        "cm-3 s.",
    )
    column_density: Number = Field(
        default=0.5e22, ge=0.0, description="Absorbing hydrogen on the way, cm-2."
    )
    clumping: Number = Field(
        default=0.25,
        ge=0.0,
        le=3.0,
        description="Standard deviation of the logarithm of the density of the ejecta.",
    )
    ejecta: Number = Field(
        default=1.0, ge=0.0, description="Weights of the three components."
    )
    shell: Number = Field(
        default=1.0, ge=0.0, description="Weights of the three components."
    )
    knot: Number = Field(
        default=1.0, ge=0.0, description="Weights of the three components."
    )
    foreground: Number = Field(
        default=1e-4,
        ge=0.0,
        lt=1.0,
        description="Share of the photons that comes from a faint diffuse "
        "foreground, so that no spectrum is exactly zero.",
    )
    position_angle_deg: Number = Field(
        default=0.0, description="Turns the remnant from +x to +y."
    )
    cells_per_pixel: Whole = Field(
        default=4,
        ge=1,
        le=16,
        description="Cells along the line of sight, per pixel of depth.",
    )


# Centre (x, y, z), width, temperature, line-of-sight velocity and density of the
# southern knots, in units of the radius, keV, the expansion velocity and the ejecta.
KNOTS = (
    ((-0.10, -0.84, 0.15), 0.055, 0.60, -0.06, 15.0),
    ((-0.26, -0.72, 0.20), 0.070, 0.80, 0.10, 6.5),
    ((0.86, 0.24, 0.05), 0.070, 0.70, 0.03, 6.0),
)


def remnant_cells(
    settings: RemnantSettings, x: np.ndarray, y: np.ndarray, radius: float
) -> PlasmaCells:
    """Return the cells of the remnant seen in the pixels `y` by `x`.

    Parameters
    ----------
    settings : RemnantSettings
    x, y : (n,) arrays, arcsec
        Offsets of the pixel centres from the centre of the remnant.
    radius : float, arcsec
        Of the forward shock.
    """
    points, pixel = _cell_grid(settings, x, y, radius)
    fields = _Fields(settings, points)
    parts = [_ejecta(fields), _shell(fields), *_knots(fields)]
    return join_cells([_kept(part, pixel) for part in parts])


def _cell_grid(
    settings: RemnantSettings, x: np.ndarray, y: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return (x, y, z) of the cells that may shine, and their pixels."""
    step = abs(x[1] - x[0]) / radius if len(x) > 1 else 0.1
    n_depth = int(np.ceil(2.3 / step)) * settings.cells_per_pixel
    z = (np.arange(n_depth) + 0.5) / n_depth * 2.3 - 1.15
    angle = np.deg2rad(settings.position_angle_deg)
    u, v = x[None, :] / radius, y[:, None] / radius
    u, v = (
        np.cos(angle) * u + np.sin(angle) * v,
        np.cos(angle) * v - np.sin(angle) * u,
    )
    radius_squared = u[..., None] ** 2 + v[..., None] ** 2 + z**2
    # The inside is empty: the reverse shock has not come that far.
    lit = (radius_squared < 1.15**2) & (radius_squared > 0.35**2)
    pixel, depth = np.nonzero(lit.reshape(-1, n_depth))
    return np.stack([u.ravel()[pixel], v.ravel()[pixel], z[depth]]), pixel


class _Fields:
    """Random fields at the cells, drawn in a fixed order from one seed."""

    def __init__(self, settings: RemnantSettings, points: np.ndarray) -> None:
        rng = np.random.default_rng([settings.seed, 20250])
        self.settings = settings
        self.points = points
        self.radius = np.sqrt((points**2).sum(axis=0))
        self.rim = 1.0 + 0.03 * random_field(
            points, rng, largest_scale=2.0, smallest_scale=0.8, n_modes=24
        )
        self.density, self.heat, self.age, self.iron, self.stir = (
            random_field(points, rng, largest_scale=largest, smallest_scale=smallest)
            for largest, smallest in [(0.7, 0.2), (0.9, 0.3), (0.9, 0.3), (1, 0.3),
                                      (0.5, 0.15)]
        )  # fmt: skip
        self.side = random_field(
            points, rng, largest_scale=4.0, smallest_scale=1.5, n_modes=24
        )


def _kept(cells: PlasmaCells, pixel: np.ndarray) -> PlasmaCells:
    """Return the cells that are not negligible, with the pixels they are seen in."""
    lit = cells.emission_measure > 1e-5 * cells.emission_measure.max(initial=0.0)
    return PlasmaCells(
        pixel[lit],
        cells.emission_measure[lit],
        cells.kt[lit],
        cells.log_tau[lit],
        cells.velocity[lit],
        cells.abundance[:, lit],
    )


def _cells(
    fields: _Fields,
    density: np.ndarray,
    kt: np.ndarray,
    log_tau: np.ndarray,
    velocity: np.ndarray,
    *,
    abundance: tuple[np.ndarray | float, ...],
) -> PlasmaCells:
    settings = fields.settings
    n_cells = len(fields.radius)
    return PlasmaCells(
        pixel=np.arange(n_cells),
        emission_measure=density**2,
        kt=np.clip(kt, settings.kt_min_kev, settings.kt_max_kev),
        log_tau=np.clip(log_tau, settings.log_tau_min, settings.log_tau_max),
        velocity=settings.velocity_km_s * velocity,
        abundance=np.stack([np.broadcast_to(a, n_cells) for a in abundance]),
    )


def _ejecta(fields: _Fields) -> PlasmaCells:
    """Return the clumpy metals that the reverse shock has heated, expanding freely."""
    settings, radius = fields.settings, fields.radius
    shape = np.exp(-0.5 * ((radius / fields.rim - 0.62) / 0.2) ** 2)
    clumps = np.exp(settings.clumping * fields.density + 0.25 * fields.side)
    return _cells(
        fields,
        settings.ejecta**0.5 * shape * clumps,
        1.3 * np.exp(0.15 * fields.heat + 1.5 * (0.7 - radius)),
        10.3 + 0.25 * fields.age + 3.0 * (radius - 0.62),
        fields.points[2] * (1.0 + 0.06 * fields.stir),
        abundance=(1.5, 2.0, 2.5, 3.0, 2.0 * np.exp(0.5 * fields.iron)),
    )


def _shell(fields: _Fields) -> PlasmaCells:
    """Return the swept-up gas of solar composition behind the forward shock."""
    settings, radius = fields.settings, fields.radius
    shape = np.exp(-0.5 * ((radius / fields.rim - 0.9) / 0.08) ** 2)
    ripples = np.exp(0.25 * fields.density + 0.3 * fields.side)
    return _cells(
        fields,
        1.6 * settings.shell**0.5 * shape * ripples,
        0.9 * np.exp(0.15 * fields.heat),
        10.8 + 0.2 * fields.age,
        0.75 * fields.points[2],
        abundance=(1.0, 1.0, 1.0, 1.0, 1.0),
    )


def _knots(fields: _Fields) -> list[PlasmaCells]:
    """Return the bright knots, most of all the southern one: dense, slow and cool."""
    parts = []
    for centre, width, kt, velocity, density in KNOTS:
        distance = fields.points - np.array(centre)[:, None]
        shape = np.exp(-0.5 * (distance**2).sum(axis=0) / width**2)
        n_cells = len(fields.radius)
        parts.append(
            _cells(
                fields,
                fields.settings.knot**0.5 * density * shape,
                np.full(n_cells, kt),
                np.full(n_cells, 11.2),
                velocity + 0.2 * distance[2],
                abundance=(1.5, 1.2, 1.2, 1.5, 1.0),
            )
        )
    return parts
