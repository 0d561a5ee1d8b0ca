"""What a booking system calls: a signed JSON object for each appointment.

``X-Campaigns-Signature: t=<unix seconds>,v1=<hex>`` with an HMAC-SHA256 over
``<t>.<body>`` under CAMPAIGNS_BOOKING_WEBHOOK_SECRET. Fields: ``id`` (the booking
system's own), ``status`` (``booked`` or ``cancelled``), ``booked_at`` and ``starts_at``
(ISO 8601 with a zone), and whose it is: ``message`` (the token of a booking link),
``email``, ``phone``, with ``first_name`` and ``last_name`` where an address is shared.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import abort, request

from campaigns.accounts.permissions import open_to_all
from campaigns.bookings import intake, ledger
from campaigns.bookings.intake import Report
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.web import context
from campaigns.webhooks.blueprint import PLAIN, Answer, bp, refused, stored

TOLERANCE_SECONDS = 300
MAX_BYTES = 64 * 1024
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HEADER = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


@bp.post("/bookings/<source>")
@open_to_all("signed with the booking system's shared secret")
def booking_in(source: str) -> Answer:
    """Record an appointment or its cancellation, once."""
    request.max_content_length = MAX_BYTES
    if (request.content_length or 0) > MAX_BYTES:
        abort(413)
    body = request.get_data(cache=False)
    if not _is_signed(body):
        return refused()
    if not _SOURCE.fullmatch(source):
        raise NotFound("source", "The booking source is not a plain name.")
    told = _read(body)
    report = Report(
        external_id=told["id"],
        status=told["status"],
        booked_at=told["booked_at"],
        starts_at=told["starts_at"],
        message=told.get("message"),
        email=told.get("email"),
        phone=told.get("phone"),
        first_name=told.get("first_name") or "",
        last_name=told.get("last_name") or "",
    )
    with context.transaction() as session:
        match = intake.take(session, source, report, now=context.now())
    if match.contact_id is None:
        return "stored, but nobody was found for it\n", 200, PLAIN
    return stored()


def _is_signed(body: bytes) -> bool:
    secret = context.services().settings.booking_webhook_secret
    header = _HEADER.fullmatch(request.headers.get("X-Campaigns-Signature", ""))
    if secret is None or header is None:
        return False
    stamp, given = header.groups()
    # The signer's clock and this machine's must agree; a demonstration's clock is no matter.
    if abs(time.time() - int(stamp)) > TOLERANCE_SECONDS:
        return False
    message = stamp.encode() + b"." + body
    wanted = hmac.new(secret.get_secret_value().encode(), message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, given)


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("booking_unreadable", "The body is not JSON.") from error
    if not isinstance(told, dict):
        raise InvalidInput("booking_unreadable", "The body is not a JSON object.")
    faults: dict[str, str] = {}
    told["id"] = str(told.get("id") or "")
    if not 1 <= len(told["id"]) <= 120 or "\0" in told["id"]:
        faults["id"] = "give the booking system's own id, at most 120 characters"
    for name in ("message", "email", "phone", "first_name", "last_name"):
        value = told.get(name)
        if value is not None and (not isinstance(value, str) or "\0" in value):
            faults[name] = "must be text"
    told["status"] = told.get("status", ledger.BOOKED)
    if told["status"] not in (ledger.BOOKED, ledger.CANCELLED):
        faults["status"] = "must be booked or cancelled"
    for name in ("booked_at", "starts_at"):
        told[name] = _instant(told.get(name), name, faults)
    if faults:
        words = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise InvalidInput("booking_faulty", f"Nothing was recorded. {words}.", fields=faults)
    return told


def _instant(value: object, name: str, faults: dict[str, str]) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(str(value))
        in_utc = at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        in_utc = None
    if in_utc is None:
        faults[name] = "must be an ISO 8601 time with a zone, like 2026-11-17T13:00:00-05:00"
        return None
    return in_utc
