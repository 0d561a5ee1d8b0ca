"""What delivery asks of a way out, and the three kinds of answer.

Delivery owns these types; ``providers`` implements the two protocols. An answer is one
of: accepted, refused for certain (class A: nothing went out), or uncertain (class C: it
may have). A sender never retries, never follows a redirect, and raises nothing for what
a provider or a network does: it returns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRecipient:
    """One person of a batch. ``holes`` maps each hole key of the bodies to its escaped value."""

    message_token: str
    """Opaque (``Purpose.MESSAGE``); the only thing that a provider learns about the message."""
    address: str
    holes: Mapping[str, str]
    headers: Mapping[str, str]
    """The List-Unsubscribe pair, and nothing that names a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailBatch:
    """One POST: a body with holes, shared by up to 1,000 people. No address occurs twice."""

    sender_name: str
    sender_email: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    recipients: tuple[EmailRecipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """One text to one person, complete."""

    message_token: str
    to: str
    """E.164."""
    body: str
    validity: timedelta
    """After which a text still queued at the provider must die instead of arriving late."""


_PLAINLY = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)


class RefusalKind(StrEnum):
    """Why a provider took nothing; decides what happens next."""

    TEMPORARY = "temporary"  # rate, overload, no connection: same message again later
    RECIPIENT = "recipient"  # this address will never work
    RECIPIENT_SOFT = "recipient_soft"  # this address does not work now
    OPTED_OUT = "opted_out"  # the provider knows of a stop that we do not
    CONTENT = "content"  # this message is wrong: pause what it came from
    CONFIGURATION = "configuration"  # our account is wrong: pause the channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider took it. ``provider_id`` is its id of the request (email) or message (text)."""

    provider_id: str | None
    status_code: int | None = None
    delivered: bool = False
    """Whether it is where its recipient reads it: no receipt will follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider took none of it, for certain."""

    kind: RefusalKind
    code: str
    """Provider's code or ours (``429``, ``21610``, ``connect_failed``)."""
    reason: str
    """The provider's words; untrusted text."""
    status_code: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The request left and no clear answer came: never send again without a verdict."""

    reason: str
    status_code: int | None = None


Outcome = Accepted | Refused | Uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The monotonic moment (``time.monotonic()``) after which nothing may be written any more.

    A worker that was stopped past its lease must not wake and POST: senders check it
    right before the first byte and answer ``Refused(TEMPORARY, "deadline")``.
    """

    monotonic: float


class EmailSender(Protocol):
    """A way out for email."""

    name: str
    """``local``, ``sendgrid`` or ``smtp``."""
    max_recipients: int
    """How many people one call may carry."""
    in_flight: int
    """How many calls may be under way at once."""

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Send one batch in one attempt."""
        ...


class SmsSender(Protocol):
    """A way out for texts."""

    name: str
    """``local`` or ``twilio``."""

    def send(self, text: TextMessage, deadline: Deadline) -> Outcome:
        """Send one text in one attempt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A look-up's verdict that the provider has the message."""

    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsLookup:
    """What identifies a text in the provider's list when its answer never came."""

    to: str
    digest: str
    """``digest_of`` the text as it was sent."""
    not_before_seconds: int = field(default=60)


def digest_of(text: str) -> str:
    """Return by what a text is known again: its SHA-256, whatever its quotes, dashes and room.

    Providers may write these plainly ("smart encoding") in what they list.
    """
    folded = " ".join(text.translate(_PLAINLY).split())
    return hashlib.sha256(folded.encode()).hexdigest()


@runtime_checkable
class Keeper(Protocol):
    """A way out that can tell for certain which messages it has: the local one."""

    def kept(self, message_tokens: Sequence[str]) -> frozenset[str]:
        """Return those of the messages that it has."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An address on one of a provider's own lists."""

    address: str
    at: datetime | None = None
    """Since when, where the list says so."""
    reason: str = ""
    """A foreign server's words; untrusted text."""
    status: str = ""
    group: int | None = None


@runtime_checkable
class EmailLists(Protocol):
    """Shows the provider's own lists of addresses that it sends nothing to."""

    name: str
    lists: tuple[str, ...]
    """``bounces``, ``blocks``, ``spam_reports``, ``invalid_emails``, ``unsubscribes``,
    ``groups``."""

    def suppressed(self, name: str) -> Iterator[list[Listed]]:
        """Yield one list by pages.

        Raises: PermissionError when the provider will not show it; OSError when it cannot
        be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A text that a person sent, as the provider's list has it."""

    sid: str
    account: str
    sender: str
    to: str
    body: str
    media: int
    sent_at: datetime
    """Aware, in the provider's time, to the second."""


@runtime_checkable
class SmsListener(Protocol):
    """Lists what people sent to us, for webhooks that never came."""

    def received(self, since: datetime) -> list[Received]:
        """Return the texts that came in since a moment, oldest first.

        Raises: PermissionError when the provider will not show them; OSError when it
        cannot be asked.
        """
        ...


@runtime_checkable
class SmsFinder(Protocol):
    """Looks a text up with the provider (Twilio's message list)."""

    def find(self, lookup: SmsLookup) -> Found | None:
        """Return the message if the provider has it; raise OSError if it cannot be asked."""
        ...
