"""The command `hifred`: each command is imported when it is called."""

import importlib
import sys

import click

from hifred import __version__
from hifred.cli.output import say
from hifred.errors import HifredError

COMMANDS = {
    "init": "hifred.cli.sweep:init",
    "plan": "hifred.cli.sweep:plan",
    "run": "hifred.cli.sweep:run",
    "status": "hifred.cli.sweep:status",
    "list": "hifred.cli.sweep:list_trials",
    "show": "hifred.cli.sweep:show",
    "retry": "hifred.cli.sweep:retry",
    "cancel": "hifred.cli.sweep:cancel",
    "collect": "hifred.cli.results:collect",
    "best": "hifred.cli.results:best",
    "export": "hifred.cli.results:export",
    "verify": "hifred.cli.results:verify",
    "clean": "hifred.cli.results:clean",
    "submit": "hifred.cli.cluster:submit",
    "doctor": "hifred.cli.cluster:doctor",
    "fuse": "hifred.cli.fuse:fuse",
    "check": "hifred.cli.check:check",
    "simulate": "hifred.cli.simulate:simulate",
    "bootstrap": "hifred.cli.simulate:bootstrap",
    "report": "hifred.cli.pages:report",
    "explore": "hifred.cli.pages:explore",
    "prepare": "hifred.cli.prepare:prepare",
    "inspect": "hifred.cli.inspect:inspect",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="hifred")
def hifred() -> None:
    """Fuse X-ray spectro-imagers, over whole grids of settings."""


def main() -> None:
    """Run the command line; bad input ends with one sentence and exit code 2."""
    try:
        hifred()
    except HifredError as error:
        say(f"error: {error}", err=True)
        sys.exit(2)
