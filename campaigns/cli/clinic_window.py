"""The clinic's hours for texts, for questions that work without a database too."""

from __future__ import annotations

from pathlib import Path

import click

from campaigns.core.errors import CampaignsError
from campaigns.eligibility import permit
from campaigns.eligibility.hours import Window


def find() -> Window:
    """Return the hours of the clinic in this folder's database; else those of a new clinic.

    Nothing is made or changed. Where there is a database that cannot be read, a line on
    standard error says that the hours are not the clinic's own.
    """
    from campaigns.core import settings

    try:
        found = settings.load()
    except CampaignsError as fault:
        return _without(fault.message.splitlines()[0])
    url = found.resolved_database_url
    if found.is_sqlite and not Path(url.removeprefix("sqlite:///")).exists():
        return permit.default_window()
    return _read(url)


def _read(url: str) -> Window:
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    from campaigns.clinic.models import Clinic, Closure
    from campaigns.clinic.profile import CLINIC_ID
    from campaigns.core import keys
    from campaigns.core.db import Database
    from campaigns.eligibility import hours

    database = Database(url, keys=keys.new_key_ring())  # an empty one: no address is looked up
    try:
        with database.reading() as session:
            clinic = session.get(Clinic, CLINIC_ID)
            if clinic is None:
                return permit.default_window()
            days = session.execute(
                select(Closure.starts_on, Closure.ends_on).order_by(Closure.starts_on)
            )
            return Window(
                week=hours.week_of(clinic.sms_window),
                statutory=True,
                strict=clinic.strict_hours,
                closures=tuple((first, last) for first, last in days),
                clinic_zone=clinic.timezone,
            )
    except SQLAlchemyError as fault:
        return _without(str(getattr(fault, "orig", fault)).strip().splitlines()[0])
    finally:
        database.dispose()


def _without(why: str) -> Window:
    click.echo(
        f"campaigns: The clinic's own hours could not be read ({why}). These answers use the "
        "hours of a new clinic.",
        err=True,
    )
    return permit.default_window()
