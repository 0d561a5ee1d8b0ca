"""The command group that all others hang on; a command's module is loaded when it is used."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "contacts": "contacts",
    "db": "database",
    "demo": "demo",
    "doctor": "doctor",
    "explain": "explain",
    "keys": "keys",
    "run": "processes",
    "users": "users",
    "web": "processes",
    "worker": "processes",
}
"""Each command and the module of this package that holds it under the same name."""


class LazyGroup(click.Group):
    """Knows its commands by name, so that starting one does not load what the others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; None if there is none of this name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"campaigns.cli.{module}"), cmd_name
        )
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="campaigns")
def main() -> None:
    """Email and text-message campaigns that a medical clinic can trust."""
