"""One email as octets for SMTP: a skeleton with holes filled, safe against line breaks.

Bodies are base64, so that no line is too long and no value can end a part; headers are
checked character by character, and encoded as RFC 2047 asks where they are not ASCII.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from campaigns.delivery.ports import EmailBatch, EmailRecipient
from campaigns.providers.holes import fill

_NAME = re.compile(r"[A-Za-z0-9-]{1,76}")
_UNSAFE = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_LONGEST_LINE = 998
_RESERVED = frozenset(
    {"from", "to", "subject", "date", "message-id", "mime-version", "reply-to", "cc", "bcc"}
    | {"content-type", "content-transfer-encoding", "sender", "return-path", "received"}
)


class UnsafeHeader(ValueError):
    """A header's name or value cannot go out as it is."""


def message_bytes(batch: EmailBatch, person: EmailRecipient, *, at: datetime) -> bytes:
    """Return the message for one person, with CRLF line ends.

    Raises: UnsafeHeader when a header holds a line break or is too long.
    """
    domain = batch.sender_email.rpartition("@")[2]
    boundary = f"=_{person.message_token}"
    headers = [
        ("From", formataddr((safe(batch.sender_name), batch.sender_email), "utf-8")),
        ("To", person.address),
        ("Subject", _encoded("Subject", fill(batch.subject, person.holes))),
        ("Date", format_datetime(at)),
        ("Message-ID", f"<{person.message_token}@{domain}>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    if batch.reply_to:
        headers.append(("Reply-To", batch.reply_to))
    headers.extend(_extra({**batch.headers, **person.headers}))
    lines = [f"{name}: {_bounded(value)}" for name, value in headers]
    for kind, body in (("plain", batch.text), ("html", batch.html)):
        if body:
            lines += ["", f"--{boundary}", f"Content-Type: text/{kind}; charset=utf-8"]
            lines += ["Content-Transfer-Encoding: base64", "", _base64(fill(body, person.holes))]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def safe(value: str) -> str:
    """Return the value, or raise UnsafeHeader when it holds a control character."""
    if _UNSAFE.search(value):
        raise UnsafeHeader("a header's value holds a line break or a control character")
    return value


def _extra(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    for name in headers:
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise UnsafeHeader(f"the header {name!r} may not be set")
    return [(name, _encoded(name, value)) for name, value in headers.items()]


def _encoded(name: str, value: str) -> str:
    safe(value)
    if value.isascii():
        return value
    return Header(value, "utf-8", header_name=name).encode(linesep="\r\n")


def _bounded(value: str) -> str:
    if any(len(line) > _LONGEST_LINE - 80 for line in value.split("\r\n")):
        raise UnsafeHeader("a header is longer than a line may be")
    return value


def _base64(body: str) -> str:
    encoded = base64.encodebytes(body.encode()).decode("ascii")
    return encoded.rstrip("\n").replace("\n", "\r\n")
