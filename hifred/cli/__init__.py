"""The command `hifred`: each command is imported when it is called."""

import importlib
import io
import os
import sys
from types import ModuleType

import click

from hifred import __version__
from hifred.cli.plain_speech import say
from hifred.errors import HifredError

# Where a command is, and its summary, so that `hifred --help` imports none of them.
COMMANDS = {
    "init": (
        "hifred.cli.sweep:init",
        "Write a commented sweep.toml into DIRECTORY, to start from.",
    ),
    "plan": (
        "hifred.cli.sweep:plan",
        "Say what TARGET (a sweep.toml or a sweep directory) would do; nothing is run.",
    ),
    "run": (
        "hifred.cli.sweep:run",
        "Run TARGET (a sweep.toml or a sweep directory), or go on with it.",
    ),
    "tune": (
        "hifred.cli.tune:tune",
        "Find the best trial of TARGET's grid from a share of its trials.",
    ),
    "status": (
        "hifred.cli.watch:status",
        "Print the number of trials in each state, time left, and the top errors.",
    ),
    "list": (
        "hifred.cli.watch:list_trials",
        "Print trials, chosen by state and condition.",
    ),
    "show": (
        "hifred.cli.watch:show",
        "Print settings, provenance, log and traceback of one trial.",
    ),
    "retry": (
        "hifred.cli.watch:retry",
        "Let trials that ended badly be tried again by the next run.",
    ),
    "cancel": (
        "hifred.cli.watch:cancel",
        "Take trials that are not done out of the sweep; `hifred retry` undoes it.",
    ),
    "collect": (
        "hifred.cli.results:collect",
        "Gather what is finished into one store; cheap when little is new.",
    ),
    "best": (
        "hifred.cli.results:best",
        "Print the best collected trials by one measure.",
    ),
    "export": (
        "hifred.cli.results:export",
        "Write a sweep's results, one fusion or one input for other programs.",
    ),
    "mixing": (
        "hifred.cli.regions:mixing",
        "Tell whose light lands where on a spectrometer, and write a joint fit.",
    ),
    "spectra": (
        "hifred.cli.regions:spectra",
        "Write spectra of regions of a fused cube, with responses, for XSPEC and "
        "sherpa.",
    ),
    "verify": (
        "hifred.cli.results:verify",
        "Read every byte of a sweep and compare it with its checksums.",
    ),
    "clean": (
        "hifred.cli.results:clean",
        "Remove what killed processes left, and results collected anew since.",
    ),
    "submit": (
        "hifred.cli.cluster:submit",
        "Send the sweep's driver to SLURM as a small batch job, and return at once.",
    ),
    "doctor": (
        "hifred.cli.cluster:doctor",
        "Probe this machine, or a cluster, and say what to change.",
    ),
    "fuse": ("hifred.cli.fuse:fuse", "Fuse the observations of INPUT into one cube."),
    "check": (
        "hifred.cli.check:check",
        "Compare the observations in INPUT through their responses.",
    ),
    "simulate": (
        "hifred.cli.simulate:simulate",
        "Simulate MODEL and save truth, noise-free and noisy counts in OUT.zarr.",
    ),
    "sample": (
        "hifred.cli.sample:sample",
        "Draw cubes that the counts and the prior of a fusion leave possible.",
    ),
    "bootstrap": (
        "hifred.cli.simulate:bootstrap",
        "Give every voxel of a fusion a standard error, from refits of Poisson draws.",
    ),
    "lines": (
        "hifred.cli.lines:lines",
        "Write maps of flux, velocity, width and equivalent width of lines.",
    ),
    "report": (
        "hifred.cli.pages:report",
        "Write a self-contained page of a sweep, one fusion or one input.",
    ),
    "explore": (
        "hifred.cli.pages:explore",
        "Explore a sweep, one fusion or an input in the browser, until Ctrl-C.",
    ),
    "prepare": (
        "hifred.cli.prepare:prepare",
        "Read the files that CONFIG names, check them and write one fusion input.",
    ),
    "inspect": (
        "hifred.cli.inspect:inspect",
        "Tell what FILES are: kind, instrument, frame, band, and what the filters "
        "keep.",
    ),
}

# With one of these a command does not say at once that it has begun.
QUIET = {"--quiet", "--json", "--help"}


def _loaded(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except (ValueError, OSError) as error:
        # Libraries read their own settings then; a file of them may be malformed.
        raise HifredError(
            f"what a command needs must load; it does not: {error}"
        ) from error


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        if not QUIET & set(sys.argv):
            # What it needs takes seconds to load, on a busy login node many.
            say(f"hifred {name} ...", err=True)
        command: click.Command = getattr(_loaded(module), attribute)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="hifred")
def hifred() -> None:
    """Fuse X-ray spectro-imagers, over whole grids of settings."""


def _spell_out_what_a_terminal_lacks() -> None:
    """Print letters beyond the locale's, such as sigma in the C locale, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _check_interpreter() -> None:
    if sys.flags.optimize:
        raise HifredError(
            "Python must run with its assertions: Zarr opens nothing without. Unset "
            "PYTHONOPTIMIZE, or leave out -O."
        )


def main() -> None:
    """Run the command line; bad input ends with one sentence and exit code 2."""
    # It opens no window: a backend that the environment names may not be installed.
    os.environ["MPLBACKEND"] = "agg"
    _spell_out_what_a_terminal_lacks()
    try:
        _check_interpreter()
        hifred()
    except HifredError as error:
        say(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.strerror is None:
            raise
        # Another user's file, a link to nowhere, a disk that is gone or full.
        place = error.filename or "a file, or the output,"
        say(f"error: {place} cannot be used: {error.strerror}.", err=True)
        sys.exit(2)
