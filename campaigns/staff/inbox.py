"""The Inbox: conversations by text, and the decision what an unclear reply meant."""

from __future__ import annotations

import secrets
from typing import Any

from flask import redirect, render_template, request, url_for

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.core.errors import CampaignsError, InvalidInput, NotPermitted
from campaigns.events import inbound
from campaigns.inbox import replies, threads
from campaigns.inbox.threads import Only
from campaigns.staff.blueprint import actor, bp, may, notify
from campaigns.web import context

FILTERS = ((Only.ALL, "All"), (Only.UNREAD, "Unread"), (Only.UNCLEAR, "Is this a stop?"))


@bp.get("/inbox/")
@requires(Permission.READ_INBOX)
def inbox() -> Any:
    """List the conversations."""
    wanted = request.args.get("show", "")
    only = Only(wanted) if wanted in set(Only) else Only.ALL
    before = request.args.get("before", type=int)
    with context.reading() as session:
        found = threads.page(session, only=only, before=before)
    more = len(found) == threads.PAGE
    return render_template(
        "staff/inbox/inbox.html",
        threads=found,
        only=only,
        filters=FILTERS,
        next_url=url_for("staff.inbox", show=only, before=found[-1].last_id) if more else None,
    )


@bp.get("/inbox/<int:inbound_id>")
@requires(Permission.READ_INBOX)
def inbox_thread(inbound_id: int) -> Any:
    """Show one conversation; nothing changes by looking."""
    return _show(inbound_id, text=_canned_text())


@bp.post("/inbox/<int:inbound_id>/reply")
@requires(Permission.READ_INBOX)
def inbox_reply(inbound_id: int) -> Any:
    """Send an answer."""
    if not may(Permission.EDIT_PEOPLE):
        raise NotPermitted("role", "Your role does not include answering. Ask the front desk.")
    text = request.form.get("text", "")
    nonce = request.form.get("nonce", type=int) or secrets.randbits(60)
    try:
        with context.transaction() as session:
            message_id = replies.send(
                session, actor(), inbound_id, text, nonce=nonce, now=context.now()
            )
    except CampaignsError as error:
        words = error.fields.get("text") if isinstance(error, InvalidInput) else error.message
        return _show(inbound_id, text=text, error=words), 422
    if message_id is None:
        notify("This answer was sent already.", "blue")
    else:
        notify("Your answer is on its way.")
    return redirect(url_for("staff.inbox_thread", inbound_id=inbound_id), 303)


@bp.post("/inbox/<int:inbound_id>/read")
@requires(Permission.READ_INBOX)
def inbox_read(inbound_id: int) -> Any:
    """Mark a conversation as read."""
    with context.transaction() as session:
        threads.mark_read(session, inbound_id, now=context.now())
    notify(
        "Marked as read.", undo=url_for("staff.inbox_unread", inbound_id=inbound_id), label="Undo"
    )
    return redirect(url_for("staff.inbox"), 303)


@bp.post("/inbox/<int:inbound_id>/unread")
@requires(Permission.READ_INBOX)
def inbox_unread(inbound_id: int) -> Any:
    """Mark a conversation as unread."""
    with context.transaction() as session:
        threads.mark_unread(session, inbound_id)
    notify("Marked as unread.")
    return redirect(url_for("staff.inbox"), 303)


@bp.post("/inbox/<int:inbound_id>/decide")
@requires(Permission.RECORD_STOP)
def inbox_decide(inbound_id: int) -> Any:
    """Record what an unclear reply meant."""
    meaning = request.form.get("meaning")
    if meaning not in ("stop", "not_stop"):
        raise InvalidInput("meaning", "Choose whether it is a stop. Nothing was changed.")
    is_stop = meaning == "stop"
    with context.transaction() as session:
        row = inbound.settle(session, actor(), inbound_id, is_stop=is_stop, now=context.now())
        audit.append(
            session,
            actor(),
            "reply.decided",
            subject_kind="inbound_text",
            subject_id=row.id,
            now=context.now(),
            is_stop=is_stop,
        )
    if is_stop:
        notify("Recorded as a stop. No more marketing texts go to this number.")
    else:
        notify("Recorded as not a stop. Messages go on as before.")
    return redirect(url_for("staff.inbox_thread", inbound_id=inbound_id), 303)


def _canned_text() -> str:
    chosen = request.args.get("canned", type=int)
    if chosen is None:
        return ""
    with context.reading() as session:
        ready = replies.canned(profile.get(session))
    return ready[chosen].text if 0 <= chosen < len(ready) else ""


def _show(inbound_id: int, *, text: str = "", error: str | None = None) -> str:
    with context.reading() as session:
        found = threads.conversation(session, inbound_id, now=context.now())
        ready = replies.canned(profile.get(session))
    return render_template(
        "staff/inbox/thread.html",
        thread=found,
        inbound_id=inbound_id,
        states=threads.STATES_IN_WORDS,
        canned=ready,
        text=text,
        error=error,
        nonce=secrets.randbits(60),
        longest=replies.LONGEST,
    )
