"""What a clinic starts with before anybody has settled anything: hours, caps, placeholders."""

from __future__ import annotations

from typing import Any

NAME = "Deeply Vital Medical"
BRAND = "Deeply Vital Medical"
TIMEZONE = "America/New_York"
PLACEHOLDER_SENDER = "hello@clinic.example"
"""Leaves no machine: the list of what is missing names it until a real one is given."""
MAX_BRAND = 24
"""So that the first text and the HELP answer stay within one part."""

FREQUENCY_PER_MONTH = 6
"""The "up to N messages a month" of the first consent wording."""

WEEKDAY_PARTS = ("mf", "sat", "sun")


def sms_window() -> dict[str, Any]:
    """Return the hours for texts: lawful in every state of the table, in each person's zone."""
    return {
        "mf": ["10:00", "18:00"],
        "sat": ["10:00", "17:00"],
        "sun": None,
        "holidays": "closed",
    }


def email_window() -> dict[str, Any]:
    """Return the hours for email: a courtesy, no law asks for them."""
    day = ["07:00", "20:00"]
    return {"mf": day, "sat": list(day), "sun": list(day), "holidays": "open"}


CAPS = {"sms_per_day": 1, "sms_per_week": 2, "email_per_day": 1, "email_per_week": 3}
"""Marketing messages to one person in any 24 hours and any 7 days."""
