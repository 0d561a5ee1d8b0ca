"""The Outbox: what the local provider took, as its recipients would see it."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.contacts.models import Channel
from campaigns.content import sms
from campaigns.core.errors import NotFound
from campaigns.core.settings import SmsProvider
from campaigns.events import inbound
from campaigns.events.twilio_forms import InboundForm
from campaigns.providers import outgoing
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

WIDTHS = {"phone": (375, "Phone"), "desktop": (720, "Computer")}
PARTS = {"seen": "As it looks", "text": "Text part", "headers": "Headers"}
FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
PLAYED = "played-"
"""Begins the number of a text that nobody sent, so that the ledger's evidence says so too."""
_LONGEST = 320
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)
_BASE = '<base target="_blank">'


@bp.get("/outbox/")
@requires(Permission.READ_OUTBOX)
def outbox() -> Any:
    """List what was taken, newest first."""
    search = request.args.get("q", "").strip()[:254]
    channel = request.args.get("channel")
    channel = channel if channel in ("email", "sms") else None
    before = request.args.get("before", type=int)
    with context.reading() as session:
        rows = outgoing.page(session, search=search, channel=channel, before=before)
    settings = context.services().settings
    more = len(rows) == outgoing.PAGE
    return render_template(
        "staff/outbox/outbox.html",
        deliveries=rows,
        search=search,
        channel=channel,
        paged=before is not None,
        email_provider=settings.email_provider,
        sms_provider=settings.sms_provider,
        next_url=url_for("staff.outbox", q=search or None, channel=channel, before=rows[-1].id)
        if more
        else None,
    )


@bp.get("/outbox/<int:delivery_id>")
@requires(Permission.READ_OUTBOX)
def outbox_message(delivery_id: int) -> Any:
    """Show one message: as it looks, its text part, or its headers."""
    width = request.args.get("width", "phone")
    part = request.args.get("part", "seen")
    with context.reading() as session:
        row = outgoing.get(session, delivery_id)
    return render_template(
        "staff/outbox/message.html",
        delivery=row,
        width=width if width in WIDTHS else "phone",
        part=part if part in PARTS else "seen",
        widths=WIDTHS,
        parts=PARTS,
        pieces=_pieces(row.text),
        measure=sms.measure(row.text) if row.channel == "sms" else None,
        may_play=row.channel == Channel.SMS and _is_played(),
    )


@bp.post("/outbox/<int:delivery_id>/reply")
@requires(Permission.READ_OUTBOX)
def play_reply(delivery_id: int) -> Answer:
    """Take a reply as if the person had texted it; in the demonstration alone."""
    if not _is_played():
        raise NotFound("played", "Replies are played in the demonstration only.")
    words = request.form.get("words", "").replace("\0", "").strip()[:_LONGEST]
    back = redirect(url_for("staff.outbox_message", delivery_id=delivery_id), 303)
    if not words:
        notify("Nothing was texted: type the reply first.", "amber")
        return back
    now = context.now()
    with context.transaction() as session:
        row = outgoing.get(session, delivery_id)
        if row.channel != Channel.SMS:
            raise NotFound("played", "Only a text can be answered by text.")
        inbound.receive(
            session,
            InboundForm(
                sid=PLAYED + secrets.token_hex(12),
                account="",
                sender=row.to,
                to=row.sender,
                body=words,
                opt_out_type=None,
                media=0,
            ),
            signature_digest=None,
            now=now,
            public_url=context.services().public_url,
        )
        audit.append(
            session, actor(), "reply.played", subject_kind="delivery", subject_id=row.id, now=now
        )
    notify("Texted back. What it did is on the person's page; any answer lands in the Outbox.")
    return back


def _is_played() -> bool:
    """Tell whether staff may play a person's part: nothing here is real, and nothing leaves."""
    settings = context.services().settings
    return settings.is_demonstration and settings.sms_provider is SmsProvider.LOCAL


@bp.get("/outbox/<int:delivery_id>/email")
@requires(Permission.READ_OUTBOX)
def outbox_email(delivery_id: int) -> Response:
    """Give the email's HTML for the frame: sandboxed, no scripts, links in a new window."""
    with context.reading() as session:
        row = outgoing.get(session, delivery_id)
    html = row.html or ""
    head = _HEAD.search(html)
    html = html[: head.end()] + _BASE + html[head.end() :] if head else _BASE + html
    response = make_response(html)
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response


_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


def _pieces(text: str) -> list[tuple[str, bool]]:
    """Cut a text into pieces, and say which of them are links."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for link in _LINK.finditer(text):
        pieces += [(text[at : link.start()], False), (link.group(), True)]
        at = link.end()
    pieces.append((text[at:], False))
    return [piece for piece in pieces if piece[0]]
