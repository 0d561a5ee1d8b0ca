"""``python -m campaigns``: the same as the console command ``campaigns``."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from campaigns.cli.main import main as group

    group(prog_name="campaigns")


if __name__ == "__main__":
    main()
