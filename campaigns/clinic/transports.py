"""Ways out and their business associate agreements (BAA): who may carry health topics."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic.models import Transport
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput

KINDS = ("local", "sendgrid", "twilio", "smtp")
WITHOUT_BAA = frozenset({"sendgrid"})
"""Vendors that sign no BAA for this service, whatever is claimed."""


def get(session: Session, kind: str) -> Transport:
    """Return what is on record about a transport; an empty record if nothing is."""
    return session.get(Transport, kind) or Transport(kind=kind)


def list_all(session: Session) -> list[Transport]:
    """Return the transports with something on record."""
    return list(session.scalars(select(Transport).order_by(Transport.kind)))


def has_baa(session: Session, kind: str) -> bool:
    """Tell whether health topics may pass: a signed BAA, or nothing leaves the machine."""
    if kind == "local":
        return True
    transport = session.get(Transport, kind)
    return transport is not None and transport.baa_signed_on is not None


def record_baa(
    session: Session,
    actor: Actor,
    kind: str,
    *,
    signed_on: date | None,
    reference: str,
    now: datetime,
) -> Transport:
    """Record, or with ``signed_on=None`` take back, that a transport's vendor signed a BAA.

    Raises: InvalidInput ``transport_unknown``, ``baa_not_offered``, ``baa_reference``,
    ``baa_date``.
    """
    if kind not in KINDS:
        raise InvalidInput("transport_unknown", f"There is no way out called “{kind}”.")
    if signed_on is not None:
        if kind in WITHOUT_BAA:
            raise InvalidInput(
                "baa_not_offered",
                "SendGrid signs no business associate agreement, so none can be recorded. For "
                "email about health topics use an SMTP relay whose vendor signs one.",
            )
        if not reference.strip():
            raise InvalidInput(
                "baa_reference",
                "Say where the signed agreement is kept.",
                fields={"reference": "Say where the signed agreement is kept."},
            )
        if signed_on > now.date():
            raise InvalidInput(
                "baa_date",
                "The agreement cannot be signed in the future.",
                fields={"signed_on": "Choose the day on which it was signed."},
            )
    transport = session.get(Transport, kind)
    if transport is None:
        transport = Transport(kind=kind)
        session.add(transport)
    transport.baa_signed_on = signed_on
    transport.baa_reference = reference.strip()[:255] or None if signed_on else None
    audit.append(
        session,
        actor,
        "baa.recorded" if signed_on else "baa.removed",
        subject_kind="transport",
        subject_id=None,
        now=now,
        transport=kind,
    )
    session.flush()
    return transport
