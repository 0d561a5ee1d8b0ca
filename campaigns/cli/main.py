"""The command group that all others hang on."""

from __future__ import annotations

import click

from campaigns.cli import contacts, database, demo, doctor, processes, users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="campaigns")
def main() -> None:
    """Email and text-message campaigns that a medical clinic can trust."""


main.add_command(processes.run)
main.add_command(processes.web)
main.add_command(processes.worker)
main.add_command(database.db)
main.add_command(users.users)
main.add_command(contacts.contacts)
main.add_command(doctor.doctor)
main.add_command(demo.demo)
