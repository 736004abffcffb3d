"""What can be chosen about a fusion: the base of every regulariser, and their register.

A regulariser is one class in one file: its fields are its settings, its `method` solves
for it, its description is its help. Everything else asks the register.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self, TypeVar, cast

import pydantic
from pydantic import Field

from hifred.errors import SettingsError, unknown_name
from hifred.fusion.assembly import Assembly, SkySettings
from hifred.fusion.method import AnyMethod
from hifred.fusion.registry import Registry
from hifred.fusion.settings_union import accepts, settings_union
from hifred.settings import Number, Place, Whole, read_settings, settings_error
from hifred.settings.findings import shown

HERE = Place()


class FusionSettings(SkySettings):
    r"""Settings of one fusion: everything that changes its result.

    ``FusionSettings(regularizer="lrs", mu=0.001, rank=6)`` is an object of the class
    that is registered as ``lrs``: it has the settings of that regulariser beside those
    of every fusion. What only other regularisers read is checked and left out, and
    None is as good as not given.

    Attributes
    ----------
    label : str
        What the regulariser does, in a few words.
    formula : str
        Its penalty of the cube ``Z`` or of its images ``W``, in LaTeX.

    Raises
    ------
    SettingsError
        If a setting is unknown, missing or out of its range.
    """

    label: ClassVar[str]
    formula: ClassVar[str]

    regularizer: str = Field(description="What keeps the noise out of the cube.")
    solver: Literal["fast", "paper"] = Field(
        "fast", description="The minimiser, or Algorithms 1 and 2 of the paper."
    )
    tolerance: Number = Field(
        1e-4,
        gt=0,
        description="Where to stop: relative duality gap of 'fast', relative change of "
        "the cost of 'paper'.",
    )
    max_iterations: Whole = Field(5000, ge=1, description="Where to stop in any case.")
    precision: Literal["float32", "float64"] = Field(
        "float32", description="Precision of the large arrays."
    )

    def __new__(cls, *values: object, **settings: object) -> Self:
        """Choose the class by the name of the regulariser."""
        if values:
            raise SettingsError(
                f"settings must be given by name; got {len(values)} without. "
                "Write, say, FusionSettings(regularizer='lrs', mu=0.0001)."
            )
        chosen = _chosen(settings, HERE) if cls is FusionSettings else cls
        return super().__new__(cast("type[Self]", chosen))

    def __init__(self, **settings: object) -> None:
        self._fill(settings, HERE)

    @classmethod
    def read(cls, table: Mapping[str, object], place: Place = HERE) -> "FusionSettings":
        """Return settings from a table; `place` is where it was written."""
        if not isinstance(table, Mapping):
            raise SettingsError(
                place.sentence(f"settings must be a table; got {shown(table)}.")
            )
        settings = object.__new__(_chosen(table, place))
        settings._fill(table, place)
        return settings

    @classmethod
    def name(cls) -> str:
        """Return the name by which the regulariser is chosen."""
        return str(cls.model_fields["regularizer"].default)

    def changed(self, **changes: object) -> "FusionSettings":
        """Return the same settings but for some, perhaps of another regulariser."""
        return FusionSettings(**(self.model_dump() | changes))

    def method(self, assembly: Assembly) -> AnyMethod:
        """Return how to fuse the observations of `assembly` with these settings."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is solved.")

    def unread(self) -> set[str]:
        """Return the names of the settings that the others leave without a meaning."""
        return set()

    def _fill(self, settings: Mapping[str, object], place: Place) -> None:
        """Check all settings and take those of this class."""
        _check_names(settings, place)
        given = {n: value for n, value in settings.items() if value is not None}
        known, own = known_settings(), type(self)
        others = {n: v for n, v in given.items() if n not in own.model_fields}
        read_settings(known, others, place)
        try:
            super().__init__(**{n: given[n] for n in given if n not in others})
        except pydantic.ValidationError as error:
            raise self._told(error, place) from error

    def _told(self, error: pydantic.ValidationError, place: Place) -> SettingsError:
        """Return what is wrong as a sentence that knows the other regularisers."""
        finding = error.errors(include_url=False)[0]
        if not finding["loc"]:
            return settings_error(error, type(self), place)
        name, value = str(finding["loc"][0]), finding["input"]
        key = place.name((name,))
        if finding["type"] == "missing":
            words = type(self).model_fields[name].description
            return SettingsError(
                place.sentence(f"{key} is needed by {self.name()!r}; got none. {words}")
            )
        takers = [c.name() for c in REGULARIZERS.values() if accepts(c, name, value)]
        if isinstance(value, str) and takers:
            what = f'{key} = "{value}" belongs to {", ".join(takers)}; choose another '
            return SettingsError(place.sentence(f"{what}for {self.name()!r}."))
        return settings_error(error, type(self), place)


REGULARIZERS: Registry[type[FusionSettings]] = Registry("regularizer")
"""Every regulariser by its name."""
R = TypeVar("R", bound=type[FusionSettings])


def register(regularizer: R) -> R:
    r"""Make a regulariser known by the default of its field ``regularizer``.

    Examples
    --------
    A regulariser is a frozen model of pydantic with a way to be solved; ``solver``
    names those that it has::

        @register
        class Stiff(FusionSettings):
            label: ClassVar[str] = "few spectra, stiff images."
            formula: ClassVar[str] = r"\kappa \, \| D W \|_F^2"

            regularizer: Literal["stiff"] = Field("stiff", description=label)
            solver: Literal["fast"] = Field("fast", description="The minimiser.")
            stiffness: Number = Field(gt=0, description="Of the images, in counts.")

            def method(self, assembly: Assembly) -> AnyMethod:
                penalty = SquaredDifferences(self.stiffness)
                subspace = Subspace.of_rank(assembly, "auto")
                return LowRankMethod(subspace, self, penalty=penalty)
    """
    REGULARIZERS.add(regularizer.name(), regularizer)
    return regularizer


def known_settings() -> type[pydantic.BaseModel]:
    """Return a model of all settings of all regularisers, none of them needed.

    For the command line and its help: descriptions say who reads a setting where not
    every regulariser does.
    """
    return settings_union(tuple(REGULARIZERS.values()))


def active_settings(settings: FusionSettings) -> dict[str, object]:
    """Return the settings that the regulariser and solver read, and no others."""
    return settings.model_dump(exclude=settings.unread())


def _check_names(settings: Mapping[str, object], place: Place) -> None:
    known = known_settings().model_fields
    for name in settings:
        if name not in known:
            raise unknown_name(place.kind(), str(name), known)


def _chosen(settings: Mapping[str, object], place: Place) -> type[FusionSettings]:
    # A misspelt key is also a missing one: name the misspelling.
    _check_names(settings, place)
    name = settings.get("regularizer")
    if isinstance(name, str) and name in REGULARIZERS:
        return REGULARIZERS[name]
    *others, last = (repr(choice) for choice in REGULARIZERS)
    sentence = f"{place.name(('regularizer',))} must be {', '.join(others)} or {last}; "
    raise SettingsError(
        place.sentence(f"{sentence}got {'none' if name is None else shown(name)}.")
    )
