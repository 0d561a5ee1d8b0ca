"""Email that comes back: an unsubscribe by mail, a plain reply, an automatic answer.

For an unsubscribe address the token in its local part decides and the text is ignored.
A reply is read for the words that mean stop, above the quoted original only (which has
"unsubscribe" in its own footer). Of its text nothing is kept but the sentence that said
stop, as the evidence of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.parser import HeaderParser
from email.utils import parseaddr

import msgspec
from sqlalchemy.orm import Session

from campaigns.consent import keywords, ledger, suppression
from campaigns.consent.models import Method, SuppressionReason
from campaigns.contacts import addresses, directory, notes
from campaigns.contacts.models import Channel
from campaigns.core.actors import SYSTEM, Actor, ActorKind
from campaigns.core.errors import InvalidInput
from campaigns.core.signing import Purpose
from campaigns.delivery import outbox, recipients

UNCLEAR = "unclear_email_reply"
HOLD_FOR = timedelta(days=14)
_TOKEN = re.compile(r"unsub\+([A-Za-z0-9_-]{34})@", re.IGNORECASE)
_QUOTE = re.compile(
    r"^\s*(?:>|On .{0,200}\bwrote:|El .{0,200}\bescribi[oó]:|-{2,}\s*Original Message|From:\s)",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORDS_LENGTH = 300
_AUTOMATIC = frozenset({"auto_reply", "bulk", "junk", "list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What an inbound parse webhook tells of one email."""

    recipients: tuple[str, ...]
    sender: str
    headers: Mapping[str, str]
    text: str


def read(form: Mapping[str, str]) -> Mail:
    """Return the email of a form.

    Raises: InvalidInput when the form names neither recipient nor sender.
    """
    envelope: dict[str, object] = {}
    try:
        decoded = msgspec.json.decode(form.get("envelope") or "{}")
        envelope = decoded if isinstance(decoded, dict) else {}
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass
    listed = envelope.get("to")
    recipients = [str(one) for one in listed] if isinstance(listed, list) else []
    recipients.append(form.get("to") or "")
    sender = parseaddr(form.get("from") or "")[1] or str(envelope.get("from") or "")
    if not any(recipients) and not sender:
        raise InvalidInput("mail_faulty", "The form is not an email.")
    parsed = HeaderParser().parsestr((form.get("headers") or "")[:100_000])
    headers = {name.lower(): str(value) for name, value in parsed.items()}
    return Mail(
        recipients=tuple(recipients),
        sender=sender,
        headers=headers,
        text=(form.get("text") or "")[:20_000],
    )


def is_automatic(mail: Mail) -> bool:
    """Tell whether a machine wrote it (RFC 3834): such mail expresses nobody's wish."""
    headers = mail.headers
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    if submitted != "no" or "x-autoreply" in headers or "x-autorespond" in headers:
        return True
    if headers.get("precedence", "").strip().lower() in _AUTOMATIC:
        return True
    return not mail.sender or mail.sender.lower().startswith(("mailer-daemon@", "postmaster@"))


def apply(session: Session, mail: Mail, *, now: datetime) -> str:
    """Do what an email asks for; return in a few words what that was."""
    if is_automatic(mail):
        return "automatic, ignored"
    token = next((found.group(1) for one in mail.recipients if (found := _TOKEN.search(one))), None)
    if token is not None:
        return _unsubscribe(session, token, now)
    return _reply(session, mail, now)


def _unsubscribe(session: Session, token: str, now: datetime) -> str:
    recipient = recipients.of_token(session, Purpose.UNSUBSCRIBE, token)
    if recipient is None:
        return "unknown token"
    recipients.stop(
        session,
        recipient,
        recipient.channel,
        Method.REPLY,
        now=now,
        evidence={"how": "by mail to the unsubscribe address"},
    )
    return "unsubscribed by mail"


def _reply(session: Session, mail: Mail, now: datetime) -> str:
    try:
        address = addresses.normalise_email(mail.sender)
    except InvalidInput:
        return "unknown sender"
    said = own_words(mail.text)
    reading = keywords.classify(said)
    people = directory.find_by_address(session, Channel.EMAIL, address)
    if not people:
        if reading.intent != "stop":
            return "unknown sender"
        suppression.add(
            session,
            channel=Channel.EMAIL,
            address=address,
            reason=SuppressionReason.OPT_OUT,
            now=now,
            note="said stop in a reply",
        )
        return "stop by reply, address not on file"
    directory.lock(session, [person.id for person in people])
    words = stop_sentence(said) if reading.intent == "stop" else ""
    for person in people:
        directory.note_heard(session, person.id, now=now)
        if reading.intent == "stop":
            _withdraw(session, person.id, Channel.EMAIL, words, reading.rule, now)
            if reading.everything:
                _withdraw(session, person.id, Channel.SMS, words, reading.rule, now)
        elif reading.intent == "unclear":
            directory.hold(session, person.id, until=now + HOLD_FOR, reason=UNCLEAR, now=now)
            notes.add(
                session,
                SYSTEM,
                person.id,
                "Replied to an email in words that may mean stop. Messages rest for 14 days. "
                "Please read the reply in the clinic's mailbox, then record a stop or release "
                "the hold.",
                now=now,
            )
    return {"stop": "stop by reply", "unclear": "unclear reply, on hold"}.get(
        reading.intent, "reply"
    )


def own_words(text: str) -> str:
    """Return what the person wrote above the quoted original."""
    quote = _QUOTE.search(text)
    return (text[: quote.start()] if quote else text).strip()


def stop_sentence(text: str) -> str:
    """Return the first sentence that says stop by itself, else the beginning of the text."""
    for sentence in _SENTENCE.split(text):
        if keywords.classify(sentence).intent == "stop":
            return " ".join(sentence.split())[:_WORDS_LENGTH]
    return " ".join(text.split())[:_WORDS_LENGTH]


def _withdraw(
    session: Session, contact_id: int, channel: str, words: str, rule: str, now: datetime
) -> None:
    ledger.withdraw(
        session,
        contact_id=contact_id,
        channel=channel,
        method=Method.REPLY,
        actor=Actor(kind=ActorKind.PERSON, id=contact_id),
        now=now,
        words=words,
        evidence={"how": "in a reply by email", "rule": rule},
    )
    outbox.cancel_for_contact(session, contact_id, channel, now=now)
