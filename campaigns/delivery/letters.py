"""From rows that may leave to what a sender takes: batches of email, single texts.

One body with holes is shared by everybody of a variant; only the holes, the opaque token
and the unsubscribe pair are made for each person. Nothing here names a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from campaigns.clinic.models import Clinic
from campaigns.content import sms
from campaigns.content.people import PersonUrls, PersonView, urls_for_many
from campaigns.content.rendering import CompiledEmail, CompiledText, EmailSkeleton, Variant
from campaigns.core.errors import NotConfigured
from campaigns.core.signing import Purpose
from campaigns.delivery import notices, profiles
from campaigns.delivery.parts import Parts
from campaigns.delivery.ports import EmailBatch, EmailRecipient, TextMessage
from campaigns.eligibility.gate import Kind
from campaigns.eligibility.hours import Window

if TYPE_CHECKING:
    from campaigns.delivery.intents import Intent, Post

VALIDITY = timedelta(seconds=900)
"""A text that the carrier has not delivered by then must die instead of arriving late."""
SHORTEST_VALIDITY = timedelta(seconds=1)
ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass(slots=True, kw_only=True)
class Letter:
    """One message on its way."""

    message_id: int
    contact_id: int | None
    subject_id: int
    address: str
    entry_id: int | None
    person: PersonView
    body: dict[str, Any] | None
    """Of messages without a lesson version: template and values."""
    profile_key: str | None
    text: str | None = None
    """Of texts: complete."""
    segments: int | None = None
    validity: timedelta = VALIDITY


def person_of(
    first_name: str | None,
    last_name: str | None,
    *,
    since: datetime | None,
    source_label: str | None,
    promised: int | None,
    interests: frozenset[str],
    channels: frozenset[str],
    body: Mapping[str, Any] | None,
) -> PersonView:
    """Return a person as content sees them; a test message brings its own."""
    if body and "person" in body:
        given = body["person"]
        return PersonView(
            first_name=str(given.get("first_name", "")),
            last_name=str(given.get("last_name", "")),
            interests=frozenset(given.get("interests", ())),
            channels=frozenset(given.get("channels", ())),
        )
    return PersonView(
        first_name=first_name or "",
        last_name=last_name or "",
        source_label=source_label or "",
        consent_date=since.date() if since else None,
        interests=interests,
        channels=channels,
        sms_per_month=promised,
    )


def write_texts(
    found: list[Letter],
    *,
    parts: Parts,
    clinic: Clinic,
    content: CompiledEmail | CompiledText | None,
    firsts: frozenset[int],
    window: Window | None,
    now: datetime,
    test: bool = False,
) -> None:
    """Complete texts, count their parts, and limit how long they stay deliverable."""
    urls = urls_for_many(parts.tokens, parts.public_url, [letter.message_id for letter in found])
    for letter, own in zip(found, urls, strict=True):
        letter.text = write_text(
            letter,
            own,
            clinic=clinic,
            content=content,
            first=letter.contact_id in firsts,
            test=test,
        )
        letter.segments = sms.measure(letter.text).segments
        if window is not None and letter.profile_key is not None:
            end = profiles.window_end(letter.profile_key, window, now)
            if end is not None:
                letter.validity = max(SHORTEST_VALIDITY, min(VALIDITY, end - now))


def write_text(
    letter: Letter,
    urls: PersonUrls,
    *,
    clinic: Clinic,
    content: CompiledEmail | CompiledText | None,
    first: bool,
    test: bool = False,
) -> str:
    """Return one person's text."""
    if isinstance(content, CompiledText):
        return content.render(letter.person, urls, clinic, first, test=test)
    return notices.text(letter.body or {}, clinic=clinic)


def text_messages(found: Sequence[Letter], parts: Parts) -> list[TextMessage]:
    """Return texts as a sender takes them."""
    tokens = parts.tokens.issue_many((Purpose.MESSAGE,), [one.message_id for one in found])
    return [
        TextMessage(
            message_token=token, to=letter.address, body=letter.text or "", validity=letter.validity
        )
        for letter, (token,) in zip(found, tokens, strict=True)
    ]


class Bodies:
    """Makes what each POST of a pass carries; people of one variant share one body."""

    def __init__(self, intent: Intent, parts: Parts) -> None:
        self._intent = intent
        self._parts = parts
        self._skeletons: dict[Variant, EmailSkeleton] = {}
        # Signed for the whole pass at once, which is cheap also where each POST has one person.
        self._signed: dict[int, tuple[PersonUrls, str]] = {}
        if isinstance(intent.content, CompiledEmail):
            ids = [letter.message_id for post in intent.posts for letter in post.letters]
            urls = urls_for_many(parts.tokens, parts.public_url, ids)
            tokens = parts.tokens.issue_many((Purpose.MESSAGE,), ids)
            for message_id, own, (token,) in zip(ids, urls, tokens, strict=True):
                self._signed[message_id] = own, token

    def batch(self, post: Post) -> EmailBatch:
        """Return the people of one POST, with the body that they share."""
        clinic, content, parts = self._intent.clinic, self._intent.content, self._parts
        if not clinic.sender_email:
            raise NotConfigured("sender_missing", "There is no sender address for email.")
        if isinstance(content, CompiledEmail):
            assert post.variant is not None
            body = self._skeleton(content, post.variant)
            subject, html, plain = body.subject, body.html, body.text
            recipients = _recipients(post.letters, self._signed, parts, body.values_for)
        else:
            notice = notices.email(post.letters[0].body or {}, clinic=clinic)
            subject, html, plain = notice.subject, notice.html, notice.text
            recipients = tuple(_noticed(letter, parts, notice) for letter in post.letters)
        return EmailBatch(
            sender_name=clinic.name,
            sender_email=clinic.sender_email,
            reply_to=clinic.reply_to,
            subject=subject,
            html=html,
            text=plain,
            headers=_headers(clinic.sender_email, marketing=self._intent.claim.kind.is_marketing),
            recipients=recipients,
        )

    def _skeleton(self, content: CompiledEmail, variant: Variant) -> EmailSkeleton:
        found = self._skeletons.get(variant)
        if found is None:
            found = self._skeletons[variant] = content.skeleton(
                variant,
                clinic=self._intent.clinic,
                public_url=self._parts.public_url,
                reviewed_line=self._intent.reviewed_line,
                test=self._intent.claim.kind is Kind.TEST,
            )
        return found


def _recipients(
    found: Sequence[Letter],
    signed: Mapping[int, tuple[PersonUrls, str]],
    parts: Parts,
    values_for: Callable[[PersonView, PersonUrls], dict[str, str]],
) -> tuple[EmailRecipient, ...]:
    domain = _reply_domain(parts)
    return tuple(
        [
            EmailRecipient(
                message_token=token,
                address=letter.address,
                holes=values_for(letter.person, own),
                headers=_unsubscribe(own, domain),
            )
            for letter in found
            for own, token in (signed[letter.message_id],)
        ]
    )


def _reply_domain(parts: Parts) -> str | None:
    """Return where mail to us is read; without the secret the route takes none in."""
    settings = parts.settings
    return settings.inbound_email_domain if settings.inbound_email_secret else None


def _unsubscribe(urls: PersonUrls, domain: str | None) -> dict[str, str]:
    """Return the pair of RFC 8058; the mail address only where replies to it are read."""
    ways = f"<{urls.unsubscribe}>"
    if domain:
        token = urls.unsubscribe.rpartition("/")[2]
        ways += f", <mailto:unsub+{token}@{domain}?subject=unsubscribe>"
    return {"List-Unsubscribe": ways, "List-Unsubscribe-Post": ONE_CLICK}


def _noticed(letter: Letter, parts: Parts, notice: notices.Notice) -> EmailRecipient:
    link = f"{parts.public_url}/confirm/{parts.tokens.issue(Purpose.CONFIRM, letter.subject_id)}"
    return EmailRecipient(
        message_token=parts.tokens.issue(Purpose.MESSAGE, letter.message_id),
        address=letter.address,
        holes={notice.link_hole: link},
        headers={},
    )


def _headers(sender: str, *, marketing: bool) -> dict[str, str]:
    domain = sender.rpartition("@")[2]
    if marketing:
        return {"List-Id": f"<marketing.{domain}>", "Precedence": "bulk"}
    return {"Auto-Submitted": "auto-generated"}
