"""``campaigns demo``: the main job, headless, against stand-in providers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from campaigns.cli import context
from campaigns.cli.demonstration import story
from campaigns.cli.demonstration.stage import Stage


@click.command()
@click.option("--keep", type=click.Path(path_type=Path), help="Keep database and logs here.")
@context.reports_errors
def demo(keep: Path | None) -> None:
    """Import, group, review, send, run a series, take replies; print the figures."""
    with tempfile.TemporaryDirectory(prefix="campaigns-demo-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        stage = Stage(folder)
        try:
            figures = story.play(stage, lambda line: click.echo(f"  {line}", err=True))
        finally:
            stage.close()
    click.echo(figures.line())
    sys.exit(0 if figures.twice == 0 and figures.skipped == 0 else 1)
