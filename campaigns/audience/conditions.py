"""SQL for the fields that come with this package: one never-null boolean each.

Every value is a bound parameter. Only positive operators are written here; the compiler
negates. A condition over a nullable column says so, so that "not" is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
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
    chosen = select(Interest.id).where(Interest.code == value).scalar_subquery()
    return Contact.id.in_(
        select(ContactInterest.contact_id).where(ContactInterest.interest_id == chosen)
    )


def _consent(channel: Channel) -> Condition:
    def condition(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
        if value == "not_agreed":
            return ~condition("is", "agreed", now)
        return Contact.id.in_(
            select(ConsentState.contact_id).where(
                ConsentState.channel == channel,
                ConsentState.status.in_(CONSENT_STATUSES[value]),
            )
        )

    return condition


def _state(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
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
        or_(Contact.city.in_(wanted), func.lower(Contact.city) == value.lower()),
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
    return or_(Contact.source == value, Contact.source.startswith(f"{value}:", autoescape=True))


def _locale(op: str, value: Any, now: datetime) -> ColumnElement[bool]:
    return Contact.locale == value


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
