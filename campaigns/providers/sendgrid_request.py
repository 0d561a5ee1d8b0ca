"""A batch as SendGrid's mail/send wants it, and the reasons for which it would refuse it.

Everything that SendGrid answers with a 400 for the whole request is looked for here
first, because up to 1,000 people hang on one request. The rules are those of the mail
send reference ("limitations" and "errors" pages, read 2026-11).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import msgspec

from campaigns.delivery.ports import EmailBatch, EmailRecipient, RefusalKind

MAX_PERSONALIZATIONS = 1000
MAX_REQUEST_BYTES = 30 * 1024 * 1024
MAX_SUBSTITUTION_BYTES = 10_000

FORBIDDEN_HEADERS = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)
OFF: dict[str, Any] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
"""Every kind of tracking, off: what is left out falls back to the account's setting."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,76}")
_LINE_BREAKS = re.compile("[\r\n\x00\x0b\x0c\x85\u2028\u2029]")


class Unfit(Exception):
    """SendGrid would refuse the whole batch; nothing was sent."""

    def __init__(self, code: str, reason: str, kind: RefusalKind = RefusalKind.CONTENT) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.kind = kind


def encode(batch: EmailBatch) -> bytes:
    """Return the JSON body of the request.

    Raises: Unfit when SendGrid would refuse it.
    """
    _check_shared(batch)
    _check_people(batch)
    content = [{"type": "text/plain", "value": batch.text}] if batch.text else []
    if batch.html:
        content.append({"type": "text/html", "value": batch.html})
    request: dict[str, Any] = {
        "from": {"email": batch.sender_email, "name": sender_name(batch.sender_name)},
        "personalizations": [_personalization(batch, person) for person in batch.recipients],
        "subject": batch.subject,
        "content": content,
        "tracking_settings": OFF,
        "mail_settings": {"bypass_list_management": {"enable": False}},
    }
    if batch.reply_to:
        request["reply_to"] = {"email": batch.reply_to}
    body = msgspec.json.encode(request)
    if len(body) >= MAX_REQUEST_BYTES:
        raise Unfit("request_too_large", "The request is larger than 30 MB.")
    return body


def sender_name(name: str) -> str:
    """Return the sender's name without accents: SendGrid takes no Unicode in ``from``.

    Raises: Unfit when letters are left that have no plain form.
    """
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    if not plain.isascii() or _LINE_BREAKS.search(plain):
        raise Unfit(
            "sender_name",
            "SendGrid takes only plain Latin letters in the sender's name.",
            RefusalKind.CONFIGURATION,
        )
    return plain


def _personalization(batch: EmailBatch, person: EmailRecipient) -> dict[str, Any]:
    # The shared headers are repeated for each person: whether SendGrid merges the two
    # levels or lets one replace the other is nowhere written.
    return {
        "to": [{"email": person.address}],
        "headers": {**batch.headers, **person.headers},
        "substitutions": person.holes,
        "custom_args": {"mid": person.message_token},
    }


def _check_shared(batch: EmailBatch) -> None:
    if not 1 <= len(batch.recipients) <= MAX_PERSONALIZATIONS:
        raise Unfit("recipients", f"A request carries 1 to 1,000, not {len(batch.recipients)}.")
    if not _ADDRESS.fullmatch(batch.sender_email):
        raise Unfit("sender_email", "The sender's address is faulty.", RefusalKind.CONFIGURATION)
    if batch.reply_to and not _ADDRESS.fullmatch(batch.reply_to):
        raise Unfit("reply_to", "The reply address is faulty.", RefusalKind.CONFIGURATION)
    if not batch.subject.strip() or _LINE_BREAKS.search(batch.subject):
        raise Unfit("subject", "The subject is empty or has a line break.")
    if not (batch.html or batch.text):
        raise Unfit("no_content", "The email has neither a text nor an HTML part.")
    _check_headers(batch.headers)


def _check_people(batch: EmailBatch) -> None:
    """Look at everybody at once; only where something is wrong does it matter who."""
    people = batch.recipients
    keys = people[0].holes.keys()
    if any(one != other and one in other for one in keys for other in keys):
        raise Unfit("hole_keys", "One hole's key is part of another's.")
    addresses = [person.address for person in people]
    if not all(map(_ADDRESS.fullmatch, addresses)):
        raise Unfit("address", "An address is faulty.", _blame(batch))
    if len({address.lower() for address in addresses}) < len(addresses):
        raise Unfit("duplicate_address", "An address occurs twice in one request.")
    if any(person.holes.keys() != keys for person in people):
        raise Unfit("holes_differ", "Not every person has a value for the same holes.")
    values = ["\0".join(person.holes.values()) for person in people]
    most = MAX_SUBSTITUTION_BYTES - sum(len(key.encode()) for key in keys)
    # A character is four bytes at most; a NUL stands between values.
    if any(len(text) * 4 > most and len(text.encode()) - len(keys) + 1 > most for text in values):
        raise Unfit("substitutions_too_large", "One person's values exceed 10,000 bytes.")
    together = "\0".join(values)
    if any(key in together for key in keys):
        raise Unfit("hole_key_in_value", "A value contains the key of a hole.")
    for key in keys:
        if key in batch.subject and _LINE_BREAKS.search(
            "".join([person.holes[key] for person in people])
        ):
            raise Unfit("subject_line_break", "A value in the subject has a line break.")
    headers = "".join(["".join(person.headers.values()) for person in people])
    if _LINE_BREAKS.search(headers) or not headers.isascii():
        raise Unfit("header_value", "A header's value has a line break or is not ASCII.")
    names = set().union(*(person.headers.keys() for person in people))
    _check_headers(dict.fromkeys(names, ""))


def _check_headers(headers: Any) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in FORBIDDEN_HEADERS:
            raise Unfit("header_name", f"The header {name!r} may not be set.")
        if _LINE_BREAKS.search(value) or not value.isascii():
            raise Unfit("header_value", f"The header {name} has a line break or is not ASCII.")


def _blame(batch: EmailBatch) -> RefusalKind:
    """Say whose fault it is: with one person in the request, that address's."""
    return RefusalKind.RECIPIENT if len(batch.recipients) == 1 else RefusalKind.CONTENT
