"""What can be chosen about a fusion, and which choices a regulariser reads."""

from dataclasses import asdict, fields
from typing import Any, Literal, Self

import pydantic
from pydantic.dataclasses import dataclass

from hifred.errors import SettingsError, from_validation

Regularizer = Literal["none", "low_rank", "lrs", "lrw2d", "w2d1d"]

_ALWAYS = {
    "regularizer", "solver", "tolerance", "max_iterations", "target_resolution",
    "boundary", "margin_pixels", "margin_channels", "precision",
}  # fmt: skip
_READ_BY = {
    "none": set(),
    "low_rank": {"rank"},
    "lrs": {"rank", "mu", "difference"},
    "lrw2d": {"rank", "mu", "space_scales"},
    "w2d1d": {"mu", "space_scales", "energy_scales"},
}  # fmt: skip


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class FusionSettings:
    """Settings of one fusion: everything that changes its result.

    Parameters
    ----------
    regularizer : {"none", "low_rank", "lrs", "lrw2d", "w2d1d"}
        Free cube or cube of low rank, and its penalty.
    mu : float, "varying" or None
        Strength of the penalty, at least 0; ``"varying"`` (Eq. 21) for ``w2d1d`` only.
        In counts for ``lrs``, with each component in units of how much it varies
        (with ``solver = "paper"``, as published, without); in units of the noise for
        wavelets.
    rank : int or "auto"
        Number of spectra of a cube of low rank.
    difference : {"gradient", "mixed"}
        Which differences ``lrs`` penalises.
    space_scales, energy_scales : int
        Wavelet scales.
    solver : {"fast", "paper"}
        The minimiser, or Algorithms 1 and 2 of the paper.
    tolerance : float
        Relative duality gap at which ``fast`` stops; relative change of the cost at
        which ``paper`` does.
    max_iterations : int
    step_size : float or None
        Step of ``paper``; None takes one from the curvature of the likelihood.
    target_resolution : {"matched", "as_given", "intrinsic"}
        Resolution of the cube: the imager's in space and the spectrometer's in
        energy, the same by ignoring these two kernels, or infinite.
    boundary : {"zero", "reflect"}
    margin_pixels, margin_channels : int
        Sky beyond the field of view and the band.
    precision : {"float32", "float64"}

    Raises
    ------
    SettingsError
        If a value is out of its range, or one that is needed is missing.
    """

    regularizer: Regularizer
    mu: pydantic.NonNegativeFloat | Literal["varying"] | None = None
    rank: pydantic.PositiveInt | Literal["auto"] = 10
    difference: Literal["gradient", "mixed"] = "gradient"
    space_scales: pydantic.PositiveInt = 2
    energy_scales: pydantic.PositiveInt = 3
    solver: Literal["fast", "paper"] = "fast"
    tolerance: pydantic.PositiveFloat = 1e-4
    max_iterations: pydantic.PositiveInt = 5000
    step_size: pydantic.PositiveFloat | None = None
    target_resolution: Literal["matched", "as_given", "intrinsic"] = "matched"
    boundary: Literal["zero", "reflect"] = "zero"
    margin_pixels: pydantic.NonNegativeInt = 0
    margin_channels: pydantic.NonNegativeInt = 0
    precision: Literal["float32", "float64"] = "float32"

    @pydantic.model_validator(mode="after")
    def _mu_fits_the_regularizer(self) -> Self:
        if "mu" not in _READ_BY[self.regularizer]:
            return self
        if self.mu is None:
            raise ValueError(
                f"mu is needed by {self.regularizer!r}; got none. Usual values are "
                "0.00001 to 0.001 for lrs, 0.5 to 3 for wavelets."
            )
        if self.mu == "varying" and self.regularizer != "w2d1d":
            raise ValueError(
                'mu = "varying" belongs to w2d1d; give a number to '
                f"{self.regularizer!r}."
            )
        if isinstance(self.mu, float) and self.mu == float("inf"):
            raise ValueError("mu must be finite; got inf.")
        return self

    @classmethod
    def read(cls, table: dict[str, Any]) -> Self:
        """Return settings from a table, with errors that name the nearest key."""
        try:
            return cls(**table)
        except pydantic.ValidationError as error:
            raise from_validation(error, [f.name for f in fields(cls)]) from error
        except TypeError as error:
            raise SettingsError(f"settings must be a table; {error}.") from error


def active_settings(settings: FusionSettings) -> dict[str, Any]:
    """Return the settings that the regulariser and solver read, and no others."""
    names = _ALWAYS | _READ_BY[settings.regularizer]
    if settings.solver == "paper":
        names = names | {"step_size"}
    return {name: value for name, value in asdict(settings).items() if name in names}
