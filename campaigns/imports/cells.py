"""What a cell says: dates, yes and no, states, ZIP codes, languages, reasons to leave. Pure.

Nothing is guessed where a mistake would hurt: a date that could be read two ways is read
in the order that the file proves or staff chose, and one that cannot be read is no proof.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import available_timezones

from campaigns.audience.places import state_code
from campaigns.contacts import areas

EARLIEST = date(1990, 1, 1)


class Stand(StrEnum):
    """What a cell says about someone's wish to get messages."""

    IN = "in"
    NEUTRAL = "neutral"  # not a yes, and not a no
    OUT = "out"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNKNOWN = "unknown"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES = _words("yes y true 1 x on si sí t ✓ checked")
_NO = _words("no n false 0 - off f none never null n/a na")
_OUT = _words(
    "unsubscribed unsubscribe unsubscribes optedout optout left stop stopped removed "
    "donotcontact donotemail donottext dnc revoked withdrawn userunsubscribed globalunsubscribe "
    "baja suppressed usersuppressed manuallysuppressed manualsuppression blocked blacklisted "
    "blocklisted nomail 2"
)
"""``2`` and ``3`` are what ActiveCampaign writes for unsubscribed and bounced."""
_COMPLAINED = _words(
    "complained complaint complaints spam markedasspam spamreport spamreported spamcomplaint "
    "spamcomplaints abuse abusecomplaint abusereport reportedspam reportedasspam fbl"
)
_BOUNCED = _words(
    "cleaned bounced hardbounced hardbounce hardbounces bounce invalid invalidemail "
    "undeliverable undelivered mailboxdoesnotexist nonexistent dead 3"
)
_IN = _words(
    "subscribed subscriber active optedin optin confirmed enabled granted explicit suscrito "
    "doubleoptin singleoptin"
)
_NEUTRAL = _words(
    "pending neversubscribed nonsubscribed nonsubscriber transactional notspecified noconsent "
    "notoptedin unconfirmed unknown archived notset notsubscribed inactive"
)
MONTH_FIRST, DAY_FIRST = "mdy", "dmy"
ORDERS = (MONTH_FIRST, DAY_FIRST)
_NUMERIC = {
    MONTH_FIRST: ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%m.%d.%Y"),
    DAY_FIRST: ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y"),
}
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)")
_DATE_FORMATS = (
    "%b %d %Y",
    "%B %d %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%Y/%m/%d",
    "%Y%m%d",
)
_TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_LANGUAGES = {
    "en": "en",
    "english": "en",
    "ingles": "en",
    "inglés": "en",
    "es": "es",
    "spa": "es",
    "eng": "en",
    "spanish": "es",
    "espanol": "es",
    "español": "es",
    "castellano": "es",
}
_LEADING_ZERO = _words("CT MA ME NH NJ RI VT")


def read_yes(text: str) -> bool | None:
    """Return what a yes-or-no cell says, None where it says neither."""
    word = text.strip().lower()
    if word in _YES:
        return True
    return False if word in _NO or not word else None


@lru_cache(maxsize=512)
def read_stand(text: str) -> Stand:
    """Read a cell of a subscription state, such as "Unsubscribed" or "cleaned"."""
    word = re.sub(r"[^a-z0-9]", "", text.lower())
    if word in _OUT:
        return Stand.OUT
    if word in _COMPLAINED:
        return Stand.COMPLAINED
    if word in _BOUNCED:
        return Stand.BOUNCED
    if word in _IN or word in _YES:
        return Stand.IN
    if word in _NEUTRAL or word in _NO or not word:
        return Stand.NEUTRAL
    return Stand.UNKNOWN


@lru_cache(maxsize=512)
def read_leaving(text: str) -> Stand:
    """Read a cell of a column that says who asked to leave: yes, a date, a reason, or no."""
    stripped = text.strip()
    if not stripped:
        return Stand.IN
    said = read_yes(stripped)
    if said is not None:
        return Stand.OUT if said else Stand.IN
    stand = read_stand(stripped)
    if stand in (Stand.OUT, Stand.BOUNCED, Stand.COMPLAINED, Stand.IN):
        return stand
    return Stand.OUT if read_moment(stripped) is not None else Stand.UNKNOWN


@lru_cache(maxsize=512)
def read_suppression(text: str) -> Stand:
    """Read a cell of a list of reasons not to write, such as Klaviyo's "Email Suppressions".

    Anything that is not a plain no keeps the person out, understood or not.
    """
    stripped = text.strip()
    if not re.sub(r"[\[\]{}()\"'\s]", "", stripped) or read_yes(stripped) is False:
        return Stand.IN
    found = {read_stand(part) for part in re.split(r"[;,|\[\]\"']+", stripped) if part.strip()}
    for stand in (Stand.COMPLAINED, Stand.OUT, Stand.BOUNCED):
        if stand in found:
            return stand
    return Stand.OUT


@lru_cache(maxsize=4096)
def read_moment(text: str, order: str = MONTH_FIRST) -> datetime | None:
    """Return an instant in UTC; a date alone is noon in UTC, the same day all over the US.

    ``order`` says how 3/4/2026 is meant. None where it cannot be read, or is not of this age.
    """
    stripped = " ".join(text.replace(",", " ").split())
    if not 6 <= len(stripped) <= 40:
        return None
    moment = _iso(stripped) or _written(stripped, order)
    if moment is None or moment.date() < EARLIEST:
        return None
    return moment


@lru_cache(maxsize=4096)
def orders_of(text: str) -> frozenset[str]:
    """Return the orders of day and month in which a cell is a date; empty for no such date.

    Both for a date that means different days in the two orders; 2/2/2026 means one day.
    """
    found = _NUMERIC_DATE.match(text.strip())
    if found is None:
        return frozenset()
    first, second = int(found[1]), int(found[2])
    if first == second or not (0 < first <= 31 and 0 < second <= 31):
        return frozenset()
    orders = {MONTH_FIRST: first <= 12, DAY_FIRST: second <= 12}
    return frozenset(order for order, fits in orders.items() if fits)


def _iso(text: str) -> datetime | None:
    if not re.match(r"\d{4}-\d\d?-\d\d?", text):
        return None
    try:
        if len(text) <= 10:
            return datetime.combine(date.fromisoformat(text), time(12), UTC)
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _written(text: str, order: str) -> datetime | None:
    for day in (*_NUMERIC[order], *_DATE_FORMATS):
        for hour in _TIME_FORMATS:
            try:
                moment = datetime.strptime(text, day + hour).replace(tzinfo=UTC)
            except ValueError:
                continue
            return moment if hour else moment + timedelta(hours=12)
    return None


def read_state(text: str) -> str | None:
    """Return a state's two letters from its code or name, None if it is neither."""
    code = state_code(text)
    return code if code in areas.STATES else None


def read_postal_code(text: str, state: str | None) -> str | None:
    """Return a ZIP code, with the leading zero that spreadsheets lose; None if it is none."""
    digits = text.strip().removesuffix(".0")
    if re.fullmatch(r"\d{5}(-\d{4})?", digits):
        return digits
    if re.fullmatch(r"\d{9}", digits):
        return f"{digits[:5]}-{digits[5:]}"
    if re.fullmatch(r"\d{4}", digits) and state in _LEADING_ZERO:
        return f"0{digits}"
    return None


def read_language(text: str) -> str | None:
    """Return ``en`` or ``es``, None for any other language."""
    word = text.strip().lower()
    return _LANGUAGES.get(word) or _LANGUAGES.get(re.split(r"[-_ (]", word)[0])


def read_timezone(text: str) -> str | None:
    """Return a zone's name as it is in the world's list, None if it is not there."""
    name = text.strip()
    return name if name in available_timezones() else None


def split_name(text: str) -> tuple[str, str]:
    """Return first and last name from one cell; "Last, First" is turned round."""
    name = " ".join(text.split())
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.partition(" ")
    return first, last


def split_topics(text: str) -> list[str]:
    """Return the single interests of a cell, in lower case."""
    return [part for part in (p.strip().lower() for p in re.split(r"[;,|/\n]+", text)) if part]
