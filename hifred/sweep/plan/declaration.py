"""What the user declares: models, grids and the settings they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self, final

from pydantic import AfterValidator, Field, model_validator

from hifred.errors import SettingsError
from hifred.settings import Place, Text, read_settings, settings
from hifred.settings.kinds import Says, Seed
from hifred.settings.toml import parse_toml, read_text
from hifred.sweep.plan.options import RunOptions

LONGEST_NAME = 100


def _name(text: str) -> str:
    is_plain = all(c.isalnum() or c in "-_." for c in text)
    if not is_plain or not 0 < len(text) <= LONGEST_NAME or text.startswith("."):
        raise ValueError
    return text


def _path(text: str) -> str:
    # Anything else can be neither opened nor written into the kept sweep.toml.
    text.encode("utf-8")
    if "\0" in text or not text:
        raise ValueError
    return text


Name = Annotated[
    Text,
    AfterValidator(_name),
    Says(
        f"letters, digits, '-', '_' and '.', 1 to {LONGEST_NAME} of them, the first no "
        "'.'",
        "first-look",
    ),
]
FilePath = Annotated[
    Text, AfterValidator(_path), Says("a path", "observations/remnant.zarr")
]

Grids = Annotated[
    list[dict[str, object]],
    Says("at least one [[grid]], a table each", [{"regularizer": "low_rank"}]),
]


@final
@settings
class SweepHead:
    """The sweep as a whole: the ``[sweep]`` table."""

    name: Name = Field(
        default="sweep", description="Of the sweep, and of its directory in runs/."
    )
    seed: Seed = Field(default=0, description="Seed of everything random.")
    description: Text = Field(
        default="",
        description="For people who read the file.",
        examples=["What is it for?"],
    )


@final
@settings
class ModelSource:
    """One set of observations: a ``[models.NAME]`` table."""

    input: FilePath | None = Field(
        default=None,
        description="A file made by `hifred prepare` or `hifred simulate`; a relative "
        "path starts at the folder of the sweep file.",
    )
    simulate: dict[str, object] | None = Field(
        default=None,
        description="Or settings of a simulation, made once for the sweep.",
        examples=[{"model": "gaussian_1kev_rebinned", "scene": "shell"}],
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [n for n in ("input", "simulate") if getattr(self, n) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "neither"
            raise SettingsError(f"must have either input or simulate; got {found}.")
        return self

    @property
    def simulation(self) -> Mapping[str, object]:
        """Settings of the simulation."""
        return self.simulate or {}

    @property
    def declared(self) -> Mapping[str, object]:
        """What was given, and nothing else."""
        if self.input is None:
            return {"simulate": self.simulation}
        return {"input": self.input}


@final
@settings
class ProductFiles:
    """What is made of every trial's cube: the ``[products]`` table."""

    lines: FilePath | None = Field(
        default=None,
        description="A lines.toml, whose lines are mapped for every trial; a relative "
        "path starts at the folder of the sweep file. Ids and results of trials do not "
        "depend on it.",
        examples=["lines.toml"],
    )


@final
@settings
class SweepFile:
    """A whole ``sweep.toml``."""

    sweep: SweepHead = Field(
        default_factory=SweepHead, description="The sweep as a whole."
    )
    models: dict[Name, ModelSource] = Field(
        default_factory=dict, description="The sets of observations, by name."
    )
    grid: Grids = Field(
        default_factory=list,
        description="The product of its lists each; all together are the sweep.",
    )
    solver: dict[str, object] = Field(
        default_factory=dict, description="Settings shared by all grids."
    )
    metrics: dict[str, object] = Field(
        default_factory=dict, description="What is measured of every trial."
    )
    products: ProductFiles = Field(
        default_factory=ProductFiles,
        description="What is made of every trial's cube.",
    )
    run: RunOptions = Field(
        default_factory=RunOptions, description="What does not change results."
    )

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Self:
        if not self.models:
            raise SettingsError(
                "a sweep must have at least one [models.NAME]; got none."
            )
        if not self.grid:
            raise SettingsError(
                "a sweep must have at least one [[grid]]; got none. "
                'Add, say, [[grid]] with regularizer = "lrs".'
            )
        return self


@final
@dataclass(frozen=True)
class Declaration:
    """A sweep as it was declared, checked for shape but not yet expanded.

    Parameters
    ----------
    name : str
        Name of the sweep, and of its directory unless another is given.
    models : mapping
        Model name to where its observations come from.
    grids : sequence of mappings
        One product each; their union is the sweep.
    solver, metrics : mappings
        Settings shared by all grids.
    seed : int
        Seed of everything random.
    products : ProductFiles
        What is made of every trial's cube.
    run : RunOptions
        What does not change results: limits, checkpoints, retries.
    folder : path
        Where relative paths of inputs start.
    text : str or None
        The TOML that was read, to be kept in the sweep directory.
    """

    name: str
    models: Mapping[str, ModelSource]
    grids: Sequence[Mapping[str, object]]
    solver: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0
    products: ProductFiles = field(default_factory=ProductFiles)
    run: RunOptions = field(default_factory=RunOptions)
    folder: Path = field(default_factory=Path.cwd)
    text: str | None = None


def declare(
    name: str,
    models: Mapping[str, object],
    grids: Sequence[Mapping[str, object]] | Mapping[str, object],
    *,
    folder: str | Path | None = None,
    seed: int = 0,
    **tables: object,
) -> Declaration:
    """Declare a sweep in Python; it expands exactly as the same TOML does.

    Parameters
    ----------
    name : str
        Name of the sweep.
    models : mapping
        Model name to a path, ``{"input": path}`` or ``{"simulate": settings}``.
    grids : mapping or sequence of mappings
        Settings with one value, a list, or a range each.
    folder : path or None
        Where relative paths of inputs start; default the present folder.
    seed : int
        Seed of everything random.
    **tables
        ``solver``, ``metrics``, ``products``, ``run`` (mappings).

    Raises
    ------
    SettingsError
        If a table or key is unknown, a value is wrong, or there is nothing to do.
    """
    sources = models
    if isinstance(models, Mapping):
        sources = {key: _as_model(value) for key, value in models.items()}
    listed = [grids] if isinstance(grids, Mapping) else grids
    head = {"name": name, "seed": seed}
    content = {"sweep": head, "models": sources, "grid": listed, **tables}
    return _checked(content, Place(), Path.cwd() if folder is None else Path(folder))


def _as_model(value: object) -> object:
    return {"input": str(value)} if isinstance(value, str | Path) else value


def read_declaration(path: str | Path) -> Declaration:
    """Read a ``sweep.toml``.

    Raises
    ------
    SettingsError
        If the file cannot be read or is not TOML, a table or key is unknown, a value is
        wrong, or there is nothing to do.
    """
    path = Path(path)
    advice = "`hifred init DIR` writes one to start from."
    text = read_text(path, what="sweep file", advice=advice)
    content = parse_toml(text, str(path))
    return _checked(content, Place(str(path)), path.parent.resolve(), text)


def _checked(
    content: Mapping[str, object], place: Place, folder: Path, text: str | None = None
) -> Declaration:
    found = read_settings(SweepFile, content, place)
    return Declaration(
        name=found.sweep.name,
        models=found.models,
        grids=found.grid,
        solver=found.solver,
        metrics=found.metrics,
        seed=found.sweep.seed,
        products=found.products,
        run=found.run,
        folder=folder,
        text=text,
    )
