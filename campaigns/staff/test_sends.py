"""Test messages: to oneself by email, or to a number that is typed in."""

from __future__ import annotations

import secrets

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.models import StaffUser
from campaigns.accounts.permissions import Permission, requires
from campaigns.contacts import addresses
from campaigns.content import lessons
from campaigns.core.errors import NotFound
from campaigns.delivery import outbox
from campaigns.delivery.models import Origin
from campaigns.staff.blueprint import actor, bp, notify, person
from campaigns.web import context

_LARGEST = 2**31


@bp.post("/library/<int:lesson_id>/test")
@requires(Permission.EDIT_CONTENT)
def send_test(lesson_id: int) -> Response:
    """Send the draft as it is now to the one who asks."""
    with context.transaction() as session:
        lesson = lessons.get(session, lesson_id)
        if lesson.channel == "sms":
            address = addresses.normalise_phone(request.form.get("phone", ""))
            shown = addresses.mask("sms", address)
        else:
            user = session.get(StaffUser, person().id)
            if user is None:
                raise NotFound("staff_missing", "Sign in again, then send the test.")
            address = shown = addresses.normalise_email(user.email)
        version = lessons.freeze(session, lesson_id, actor(), context.now(), for_test=True)
        outbox.enqueue(
            session,
            origin_kind=Origin.TEST,
            origin_id=version.id,
            subject_id=secrets.randbelow(_LARGEST),
            channel=lesson.channel,
            contact_id=None,
            version_id=version.id,
            address=address,
            body={"person": {"first_name": (person().name or "").split(" ")[0]}},
            due_at=context.now(),
            now=context.now(),
        )
    notify(f"A test is on its way to {shown}. It is marked [TEST].")
    return redirect(url_for("staff.compose", lesson_id=lesson_id), 303)
