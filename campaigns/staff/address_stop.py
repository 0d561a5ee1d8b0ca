"""Record a stop for a bare address: somebody called whom nobody finds in the list."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.consent import ledger, suppression
from campaigns.consent.models import Method, SuppressionReason
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import InvalidInput
from campaigns.delivery import outbox
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.staff.person_stop import ROADS
from campaigns.web import context


@bp.route("/people/stop", methods=["GET", "POST"])
@requires(Permission.RECORD_STOP)
def stop_address() -> Any:
    """Take an address off, whether or not anybody in the list has it; effective at once."""
    errors: dict[str, str] = {}
    values = {
        "address": " ".join(request.values.get("address", "").replace("\0", "").split())[:254],
        "how": "phone",
        "words": "",
        "everything": "",
    }
    if request.method == "POST":
        values["how"] = request.form.get("how", "")
        values["words"] = " ".join(request.form.get("words", "").replace("\0", "").split())[:500]
        values["everything"] = request.form.get("everything", "")
        if values["how"] not in dict(ROADS):
            errors["how"] = "Choose how it was said."
        try:
            channel, address = _read(values["address"])
        except InvalidInput as fault:
            errors["address"] = fault.message
        if not errors:
            notify(_record(channel, address, values))
            return redirect(url_for("staff.people"), 303)
    page = render_template(
        "staff/people/stop_address.html", values=values, errors=errors, roads=ROADS
    )
    return page, 422 if errors else 200


def _read(text: str) -> tuple[Channel, str]:
    """Return the channel and the address that somebody typed.

    Raises: InvalidInput when it is neither an email address nor a US number.
    """
    if not text:
        raise InvalidInput("address_missing", "Type the email address or the phone number.")
    channel = Channel.EMAIL if "@" in text else Channel.SMS
    return channel, addresses.normalise(channel, text)


def _record(channel: Channel, address: str, values: dict[str, str]) -> str:
    now, by = context.now(), actor()
    how = dict(ROADS)[values["how"]].lower()
    with context.transaction() as session:
        people = directory.find_by_address(session, channel, address)
        directory.lock(session, [person.id for person in people])
        channels = list(Channel) if values["everything"] else [channel]
        for person in people:
            for one in channels:
                _withdraw(session, person, one, how, values["words"])
        if not _has_stop(session, channel, address):
            suppression.add(
                session,
                channel=channel,
                address=address,
                reason=SuppressionReason.OPT_OUT,
                now=now,
                note=f"{how}, recorded by {by.name}" + _quote(values["words"]),
            )
        audit.append(
            session,
            by,
            "stop.recorded",
            subject_kind="contact" if people else "address",
            subject_id=people[0].id if people else None,
            now=now,
            channels=[str(one) for one in channels] if people else [str(channel)],
            people=len(people),
        )
    thing = "email" if channel == Channel.EMAIL else "texts"
    if not people:
        return (
            f"Stopped. The address is not in the list, and gets no {thing} even if it is "
            "imported or added later."
        )
    who = "the person" if len(people) == 1 else f"the {len(people)} people"
    what = "messages" if values["everything"] else thing
    return f"Stopped. No more {what} from now on for {who} with this address."


def _withdraw(session: Session, person: Contact, channel: Channel, how: str, words: str) -> None:
    now, by = context.now(), actor()
    ledger.withdraw(
        session,
        contact_id=person.id,
        channel=channel,
        method=Method.STAFF,
        actor=by,
        now=now,
        words=words or None,
        evidence={"how": how, "recorded_by": by.name},
    )
    outbox.cancel_for_contact(session, person.id, channel, now=now)


def _has_stop(session: Session, channel: Channel, address: str) -> bool:
    found = suppression.active_for(session, channel, address, context.now())
    return any(row.reason in suppression.LIFTED_BY_CONSENT for row in found)


def _quote(words: str) -> str:
    return f": “{words}”" if words else ""
