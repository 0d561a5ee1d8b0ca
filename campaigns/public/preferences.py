"""``/p/<token>``: leave, pause, choose; topics only after a code proved the address.

The link may have been forwarded: it lets anybody who holds it ask for less, never for
more, and shows neither the whole address nor a topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts import audit
from campaigns.accounts.permissions import open_to_all
from campaigns.audience import interests
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, ledger
from campaigns.consent.models import Action, ConsentStatus, Method
from campaigns.contacts import directory
from campaigns.contacts.models import Channel
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.core.signing import Purpose
from campaigns.delivery import outbox, recipients
from campaigns.delivery.recipients import Recipient
from campaigns.public import codes, frame, seals
from campaigns.public.blueprint import bp
from campaigns.public.confirm import visitor
from campaigns.public.filled import topic_name
from campaigns.public.seals import Seal
from campaigns.web import context

HOLD_REASON = "preferences"
PROOF_LASTS = timedelta(minutes=30)
PAUSES = {"pause_30": timedelta(days=30), "pause_90": timedelta(days=90)}
WAYS = {
    "both": (Channel.EMAIL, Channel.SMS),
    "email": (Channel.EMAIL,),
    "sms": (Channel.SMS,),
}
"""By which channels a topic may come."""
STOPS: dict[str, tuple[Channel, ...]] = {
    "stop_all": (Channel.EMAIL, Channel.SMS),
    "stop_email": (Channel.EMAIL,),
    "stop_sms": (Channel.SMS,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the person stands on a channel, in the page's words."""

    channel: str
    state: str
    """``on``, ``off`` or ``pending``."""


@bp.get("/p/<token>")
@open_to_all("the token names one message; looking changes nothing")
def preferences(token: str) -> Response:
    """Show what can be chosen."""
    return _show(token)


@bp.post("/p/<token>")
@open_to_all("the token lets its holder ask for less; more needs a code")
def choose(token: str) -> Response:
    """Do what one of the page's buttons says."""
    action = request.form.get("action", "")
    if action in STOPS:
        return _stop(token, action)
    if action in PAUSES:
        return _pause(token, PAUSES[action])
    handlers = {
        "resume": _resume,
        "code": _send_code,
        "check": _check_code,
        "topics": _save_topics,
        "track_off": _stop_counting,
        "track_on": _count_again,
    }
    handler = handlers.get(action)
    return handler(token) if handler else frame.faulty(400)


def _stop(token: str, action: str) -> Response:
    now = context.now()
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        for channel in STOPS[action]:
            recipients.stop(
                session, recipient, channel, Method.PREFERENCES, now=now, evidence=visitor()
            )
    return _show(token, said=frame.say(f"saved_{action}"))


def _pause(token: str, span: timedelta) -> Response:
    now = context.now()
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        until = now + span
        said = frame.say("saved_pause", date=_date(session, until))
        if recipient.contact_id is not None and not recipient.is_test:
            contact = directory.get(session, recipient.contact_id)
            held = contact.hold_until is not None and contact.hold_until > now
            if held and contact.hold_until is not None and contact.hold_until > until:
                said = frame.say("saved_pause_kept")
            else:  # a hold by the clinic only grows: ending it stays the clinic's
                reason = contact.hold_reason if held else None
                directory.hold(
                    session, contact.id, until=until, reason=reason or HOLD_REASON, now=now
                )
    return _show(token, said=said)


def _resume(token: str) -> Response:
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        if recipient.contact_id is not None and not recipient.is_test:
            contact = directory.get(session, recipient.contact_id)
            if contact.hold_reason == HOLD_REASON:  # a hold by the clinic is not hers to lift
                directory.release(session, contact.id, now=context.now())
                outbox.wake_for_contact(session, contact.id, now=context.now())
    return _show(token, said=frame.say("saved_resume"))


def _send_code(token: str) -> Response:
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        try:
            codes.send(session, recipient, words=frame.Words(frame.language()), now=context.now())
            fault = ""
        except (Conflict, InvalidInput) as refused:
            fault = refused.code
    if fault:
        return _show(token, fault=frame.say(fault), status=429 if fault == "code_limit" else 409)
    return frame.page("code.html", token=token, masked=recipient.masked, fault="")


def _check_code(token: str) -> Response:
    now = context.now()
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        try:
            right = codes.check(session, recipient, request.form.get("code", ""), now=now)
            fault = "" if right else "code_wrong"
        except Conflict as refused:
            fault = refused.code
    if fault == "code_wrong":
        return frame.page(
            "code.html", status=422, token=token, masked=recipient.masked, fault=frame.say(fault)
        )
    if fault:
        return _show(token, fault=frame.say(fault), status=409)
    assert recipient.contact_id is not None  # a code was sent to this person
    return _show_topics(token, recipient, recipient.contact_id)


def _save_topics(token: str) -> Response:
    now, services = context.now(), context.services()
    sealed = request.form.get("proof", "")
    proof = seals.unseal(services.keys, Seal.PROVED, sealed, now, within=PROOF_LASTS)
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        contact_id = recipient.contact_id
        if contact_id is None or proof != (recipient.message_id, contact_id):
            wanted, fault = set[str](), "proof_old"
        else:
            active = {interest.code for interest in interests.all_active(session)}
            wanted, fault = set(request.form.getlist("topic")) & active, ""
            if wanted and request.form.get("topics_ok") != "1":
                fault = "error_topics"
            else:
                _store(session, recipient, contact_id, wanted, now)
                ways = {code: WAYS[request.form.get(f"by-{code}", "")] for code in wanted
                        if request.form.get(f"by-{code}", "") in WAYS}  # fmt: skip
                interests.set_ways(session, contact_id, ways, actor=recipient.actor, now=now)
    if fault == "error_topics":
        assert contact_id is not None
        return _show_topics(token, recipient, contact_id, wanted=wanted, fault=frame.say(fault))
    if fault:
        return _show(token, fault=frame.say(fault), status=409)
    return _show(token, said=frame.say("saved_topics" if wanted else "saved_topics_none"))


def _stop_counting(token: str) -> Response:
    """Record no click of this person any more; whoever holds the link may ask for that."""
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        _track(session, recipient, off=True)
    return _show(token, said=frame.say("saved_track_off"))


def _count_again(token: str) -> Response:
    """Record clicks again: only for who proved the address."""
    now, services = context.now(), context.services()
    proof = seals.unseal(
        services.keys, Seal.PROVED, request.form.get("proof", ""), now, within=PROOF_LASTS
    )
    with context.transaction() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        proved = proof == (recipient.message_id, recipient.contact_id)
        if proved:
            _track(session, recipient, off=False)
    if not proved:
        return _show(token, fault=frame.say("proof_old"), status=409)
    return _show(token, said=frame.say("saved_track_on"))


def _track(session: Session, recipient: Recipient, *, off: bool) -> None:
    now = context.now()
    if recipient.is_test:
        return
    directory.lock(session, recipient.people)
    for contact_id in recipient.people:
        if directory.set_tracking(session, contact_id, off=off, now=now):
            audit.append(
                session,
                recipient.actor,
                "tracking.off" if off else "tracking.on",
                subject_kind="contact",
                subject_id=contact_id,
                now=now,
            )


def _store(
    session: Session, recipient: Recipient, contact_id: int, wanted: set[str], now: datetime
) -> None:
    """Write the agreement (or its withdrawal) and the topics, in one transaction."""
    clinic = frame.clinic_of(session)
    agreed = ledger.has_topic_consent(session, contact_id)
    if wanted and not agreed and clinic is not None:
        disclosure = disclosures.current(session, "health_topic", frame.language())
        ledger.record(
            session,
            contact_id=contact_id,
            channel=recipient.channel,
            action=Action.HEALTH_TOPIC_CONSENT,
            method=Method.PREFERENCES,
            actor=recipient.actor,
            now=now,
            disclosure_id=disclosure.id,
            wording=_topic_words(session, clinic),
            evidence=visitor(),
        )
    interests.set_for_contact(
        session, contact_id, wanted, actor=recipient.actor, source="preferences", now=now
    )
    if not wanted and agreed:
        ledger.record(
            session,
            contact_id=contact_id,
            channel=recipient.channel,
            action=Action.HEALTH_TOPIC_WITHDRAWN,
            method=Method.PREFERENCES,
            actor=recipient.actor,
            now=now,
            evidence=visitor(),
        )


def _show(token: str, *, said: str = "", fault: str = "", status: int = 200) -> Response:
    now = context.now()
    with context.reading() as session:
        recipient = _recipient(session, token)
        if recipient is None:
            return frame.not_found()
        paused_until, own_pause = "", True
        if recipient.contact_id is not None:
            contact = directory.get(session, recipient.contact_id)
            own_pause = contact.hold_reason in (None, HOLD_REASON)
            if contact.hold_until is not None and contact.hold_until > now:
                paused_until = _until(session, contact.hold_until)
        standings = _standings(session, recipient)
        counted = recipient.contact_id is not None and not contact.no_click_tracking
    return frame.page(
        "preferences.html",
        status=status,
        token=token,
        masked=recipient.masked,
        standings=standings,
        paused_until=paused_until,
        own_pause=own_pause,
        counted=counted,
        said=said,
        fault=fault,
    )


def _show_topics(
    token: str,
    recipient: Recipient,
    contact_id: int,
    *,
    wanted: set[str] | None = None,
    fault: str = "",
) -> Response:
    services = context.services()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        chosen = interests.codes_of(session, contact_id) if wanted is None else wanted
        topics = [(i.code, topic_name(i.code, i.name)) for i in interests.all_active(session)]
        agreed = ledger.has_topic_consent(session, contact_id)
        words = _topic_words(session, clinic)
        ways = {} if len(_standings(session, recipient)) < 2 else _chosen_ways(session, contact_id)
        counted = not directory.get(session, contact_id).no_click_tracking
    proof = seals.seal(services.keys, Seal.PROVED, context.now(), recipient.message_id, contact_id)
    return frame.page(
        "topics.html",
        status=422 if fault else 200,
        token=token,
        topics=topics,
        chosen=chosen,
        ways=ways,
        counted=counted,
        agreed=agreed,
        words=words,
        proof=proof,
        fault=fault,
    )


def _chosen_ways(session: Session, contact_id: int) -> dict[str, str]:
    """Return the name in ``WAYS`` for each topic; for who is known on both channels."""
    names = {frozenset(channels): name for name, channels in WAYS.items()}
    kept = {
        code: names.get(channels, "both")
        for code, channels in interests.ways_of(session, contact_id).items()
    }
    return {interest.code: kept.get(interest.code, "both")
            for interest in interests.all_active(session)}  # fmt: skip


def _standings(session: Session, recipient: Recipient) -> list[Standing]:
    """Return the channels on which there is something to choose: the message's own first."""
    known: dict[str, str] = {}
    if recipient.contact_id is not None:
        known = {
            ch: row.status for ch, row in ledger.state_of(session, recipient.contact_id).items()
        }
    other = Channel.SMS if recipient.channel == Channel.EMAIL else Channel.EMAIL
    words: dict[str, str] = {ConsentStatus.GRANTED: "on", ConsentStatus.PENDING: "pending"}
    shown = [recipient.channel] + ([str(other)] if other in known else [])
    return [
        Standing(channel=channel, state=words.get(known.get(channel, ""), "off"))
        for channel in shown
    ]


def _recipient(session: Session, token: str) -> Recipient | None:
    return recipients.of_token(session, Purpose.PREFERENCES, token)


def _topic_words(session: Session, clinic: Clinic) -> str:
    base = context.services().public_url
    return disclosures.render(
        disclosures.current(session, "health_topic", frame.language()),
        brand=clinic.brand,
        privacy_url=f"{base}/privacy",
        terms_url=f"{base}/terms",
    )


def _until(session: Session, until: datetime) -> str:
    """Return the day a pause ends; empty words for one that only the clinic ends."""
    return frame.say("until_called") if directory.is_open_end(until) else _date(session, until)


def _date(session: Session, at: datetime) -> str:
    clinic = frame.clinic_of(session)
    return frame.write_date(at, clinic.timezone if clinic else "UTC", frame.language())
