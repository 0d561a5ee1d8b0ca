"""SQL for the fields that come with this package: one never-null boolean each.

Every value is a bound parameter. Only positive operators are written here; the compiler
negates. A condition over a nullable column says so, so that "not" is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from campaigns.audience.models import ContactInterest, Interest
from campaigns.consent.models import ConsentState, ConsentStatus
from campaigns.contacts.models import Address, Channel, Contact

Condition = Callable[[str, Any, datetime], ColumnElement[bool]]

CONSENT_STATUSES: dict[str, tuple[ConsentStatus, ...]] = {
    "agreed": (ConsentStatus.GRANTED,),
    "pending": (ConsentStatus.PENDING,),
    "unproven": (ConsentStatus.UNCONFIRMED, ConsentStatus.WAITING),
    "left": (ConsentStatus.WITHDRAWN,),
}


def _interest(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    return (
        select(ContactInterest.contact_id)
        .where(
            ContactInterest.contact_id == Contact.id, ContactInterest.interest_id == _chosen(value)
        )
        .exists()
    )


def leading_interests(codes: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition "has any of these" in the form that a planner starts from.

    The list of people with one interest is an index range in the order of ids, so that
    the rest is looked up nearby: 290 instead of 430 ms for four conditions on a million.
    """
    return Contact.id.in_(
        select(ContactInterest.contact_id).where(
            ContactInterest.interest_id.in_(select(Interest.id).where(Interest.code.in_(codes)))
        )
    )


def _chosen(code: str) -> ScalarSelect[int]:
    return select(Interest.id).where(Interest.code == code).scalar_subquery()


def _consent(channel: Channel) -> Condition:
    def condition(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
        statuses = CONSENT_STATUSES["agreed" if value == "not_agreed" else value]
        found = (
            select(ConsentState.contact_id)
            .where(
                ConsentState.contact_id == Contact.id,
                ConsentState.channel == channel,
                ConsentState.status.in_(statuses),
            )
            .exists()
        )
        return ~found if value == "not_agreed" else found

    return condition


def _state(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    # The plain column, so that Postgres knows how many live there.
    return and_(Contact.state.is_not(None), Contact.state.in_(value))


def _postal_code(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    column = Contact.postal_code
    if op == "in":
        wanted = [column == v for v in value]
        wanted += [column.like(f"{v}-%") for v in value]
        return and_(column.is_not(None), or_(*wanted))
    return and_(column.is_not(None), or_(*(column.like(f"{v}%") for v in value)))


def _city(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    wanted = sorted({value, value.lower(), value.upper(), value.title()})
    return and_(
        Contact.city.is_not(None),
        or_(Contact.city.in_(wanted), func.lower(Contact.city).in_([value.lower()])),
    )


def _activity(column: InstrumentedAttribute[datetime | None]) -> Condition:
    def condition(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
        if op == "ever":
            return column.is_not(None)
        recent: ColumnElement[bool] = column >= now - timedelta(days=value)
        return and_(column.is_not(None), recent)

    return condition


def _added(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    recent: ColumnElement[bool] = Contact.created_at >= now - timedelta(days=value)
    return recent


def _source(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    below = Contact.source.startswith(f"{value}:", autoescape=True)
    return or_(Contact.source == value, below)


def _locale(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    same: ColumnElement[bool] = Contact.locale == value
    return same


def _address(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    channel = Channel.EMAIL if value == "email" else Channel.SMS
    return (
        select(Address.id)
        .where(Address.contact_id == Contact.id, Address.channel == channel)
        .exists()
    )


BUILT_IN: dict[str, Condition] = {
    "interest": _interest,
    "email_consent": _consent(Channel.EMAIL),
    "sms_consent": _consent(Channel.SMS),
    "state": _state,
    "postal_code": _postal_code,
    "city": _city,
    "clicked": _activity(Contact.last_clicked_at),
    "booked": _activity(Contact.last_booked_at),
    "heard": _activity(Contact.last_heard_at),
    "added": _added,
    "source": _source,
    "locale": _locale,
    "address": _address,
}
