"""One email as octets for SMTP: a skeleton with holes filled, safe against line breaks.

Bodies are quoted-printable (RFC 2045, 6.7): no line is too long, and no value can end a
part. What is shared is encoded once for all; around each hole stands a soft line break,
so that a person's value is encoded by itself. Headers are checked character by character,
and encoded as RFC 2047 asks where they are not ASCII.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache

from campaigns.delivery.ports import EmailBatch, EmailRecipient
from campaigns.providers.holes import cut, fill

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
        ("From", _sender(batch.sender_name, batch.sender_email)),
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
    lines = ["\r\n".join([f"{name}: {_bounded(value)}" for name, value in headers]).encode("ascii")]
    for kind, body in ((b"plain", batch.text), (b"html", batch.html)):
        if body:
            lines += [
                b"",
                b"--" + boundary.encode(),
                b"Content-Type: text/%b; charset=utf-8" % kind,
            ]
            lines += [b"Content-Transfer-Encoding: quoted-printable", b""]
            lines.append(_filled(body, person.holes))
    lines += [b"--" + boundary.encode() + b"--", b""]
    return b"\r\n".join(lines)


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


@lru_cache(maxsize=16)
def _sender(name: str, address: str) -> str:
    return formataddr((safe(name), address), "utf-8")


def _filled(body: str, values: Mapping[str, str]) -> bytes:
    """Return a body for one person, encoded; only the person's values are encoded anew."""
    parts = _encoded_parts(body, frozenset(values))
    filled: list[bytes] = list(parts[::2])
    for place, key in enumerate(parts[1::2]):
        value = values[key.decode()]
        plain = value.isascii() and value.isalnum() and len(value) <= _SHORT
        filled[place] += value.encode() + _SOFT if plain else _quoted(value, is_text=False)
    return b"".join(filled).removesuffix(_SOFT)


_SOFT = b"=\r\n"
_SHORT = 70
"""Letters that fit on a line of 76 with the sign of a soft break."""


@lru_cache(maxsize=16)
def _encoded_parts(body: str, keys: frozenset[str]) -> list[bytes]:
    """Return fixed parts, encoded, at even places, and the keys between them at odd ones."""
    return [
        text.encode() if place % 2 else _quoted(text, is_text=True)
        for place, text in enumerate(cut(body, keys))
    ]


def _quoted(text: str, *, is_text: bool) -> bytes:
    """Encode one part so that it ends in a soft break; line breaks of a value are encoded."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if is_text else text
    encoded = binascii.b2a_qp(lines.encode(), istext=is_text)
    return encoded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + _SOFT
