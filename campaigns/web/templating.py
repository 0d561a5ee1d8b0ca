"""Filters and globals that the templates use."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g
from markupsafe import Markup

from campaigns.clinic.models import Clinic
from campaigns.contacts import directory
from campaigns.web import context, csrf, sessions

_DEFAULT_ZONE = "America/New_York"


def clinic() -> Clinic | None:
    """Return the clinic's row, read once for each request; None before the first start."""
    if "clinic" not in g:
        with context.reading() as session:
            g.clinic = session.get(Clinic, 1)
    found: Clinic | None = g.clinic
    return found


def zone() -> ZoneInfo:
    """Return the clinic's time zone."""
    found = clinic()
    return ZoneInfo(found.timezone if found else _DEFAULT_ZONE)


def clinic_time(value: datetime | None) -> str:
    """Format an instant in the clinic's zone: "Tue 17 Nov, 13:00"; the year when it differs."""
    if value is None:
        return ""
    if directory.is_open_end(value):
        return "released"
    local = value.astimezone(zone())
    here = context.now().astimezone(zone())
    day = f"{local:%a} {local.day} {local:%b}"
    if local.year != here.year:
        day += f" {local.year}"
    return f"{day}, {local:%H:%M}"


def clinic_date(value: datetime | date | None) -> str:
    """Format a day: "17 Nov 2026"; "released" for a hold without an end."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        if directory.is_open_end(value):
            return "released"
        value = value.astimezone(zone()).date()
    return f"{value.day} {value:%b %Y}"


def number(value: float | None) -> str:
    """Format a figure with thousands separators; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{int(value):,}"


@lru_cache(maxsize=4096)
def phone(value: str | None) -> str:
    """Format an E.164 number as people write it: "(212) 555-0142"."""
    if not value:
        return ""
    digits = value.removeprefix("+1")
    if len(digits) != 10 or not digits.isdigit():
        return value
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"


def when(value: datetime | None) -> Markup:
    """Return a <time> element: the clinic's time, UTC on hover."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{value:%Y-%m-%d %H:%M}", clinic_time(value)
    )


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Return the address of a static file, which changes whenever the file does."""
    path = Path(current_app.static_folder or "") / name
    version = sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else "0"
    return f"/static/{name}?v={version}"


def initials(name: str) -> str:
    """Return one or two letters that stand for a name."""
    words = name.split()
    return "".join(
        word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)
    ).upper()


def register(app: Flask) -> None:
    """Give the templates their filters and globals."""
    app.jinja_env.filters.update(
        clinic_time=clinic_time,
        clinic_date=clinic_date,
        number=number,
        phone=phone,
        initials=initials,
    )
    app.jinja_env.globals.update(
        asset=asset,
        csrf_field=csrf.csrf_field,
        csrf_token=sessions.csrf_token,
        when=when,
        _when=when,
    )
