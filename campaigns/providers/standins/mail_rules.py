"""What SendGrid's mail/send accepts, checked as strictly as its reference states it."""

from __future__ import annotations

import re
from typing import Any

_ADDRESS = re.compile(r"[^\s@<>,;:\"\\\x00-\x1f]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_FORBIDDEN = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "to", "from"}
    | {"content-transfer-encoding", "subject", "reply-to", "cc", "bcc"}
)
_TOP = frozenset(
    {"from", "reply_to", "reply_to_list", "personalizations", "subject", "content", "headers"}
    | {"attachments", "template_id", "categories", "custom_args", "send_at", "batch_id", "asm"}
    | {"ip_pool_name", "mail_settings", "tracking_settings", "sections"}
)
_PERSONAL = frozenset(
    {"to", "from", "cc", "bcc", "subject", "headers", "substitutions", "custom_args", "send_at"}
    | {"dynamic_template_data"}
)
_LIMIT = 10_000


class Refusal(Exception):
    """A 400 for the whole request."""

    def __init__(self, message: str, field: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def check(request: Any) -> None:
    """Raise Refusal for the first thing that SendGrid would not take."""
    _need(isinstance(request, dict), "Bad Request", None)
    extra = request.keys() - _TOP
    _need(not extra, f"Additional property {min(extra, default='')} is not allowed", None)
    _check_sender(request.get("from"))
    if "reply_to" in request:
        _check_address(request["reply_to"], "reply_to")
    people = request.get("personalizations")
    _need(
        isinstance(people, list) and 1 <= len(people) <= 1000,
        "The personalizations field is required and must have at least one and at most 1000 "
        "personalizations.",
        "personalizations",
    )
    assert isinstance(people, list)
    has_subject = isinstance(request.get("subject"), str) and bool(request["subject"])
    seen: set[str] = set()
    for number, person in enumerate(people):
        _check_person(person, f"personalizations.{number}", has_subject, seen)
    _check_content(request.get("content"), templated="template_id" in request)
    _check_headers(request.get("headers"), "headers")
    _check_strings(request.get("custom_args"), "custom_args")
    categories = request.get("categories", [])
    _need(
        isinstance(categories, list)
        and len(categories) <= 10
        and all(isinstance(c, str) and len(c) <= 255 for c in categories),
        "At most 10 categories of 255 characters are allowed.",
        "categories",
    )
    _check_switches(request.get("tracking_settings", {}), "tracking_settings")
    _check_switches(request.get("mail_settings", {}), "mail_settings")


def _need(condition: bool, message: str, field: str | None) -> None:
    if not condition:
        raise Refusal(message, field)


def _check_sender(sender: Any) -> None:
    _need(
        isinstance(sender, dict), "The from object must be provided for every email send.", "from"
    )
    _check_address(sender, "from")
    name = sender.get("name", "")
    _need(isinstance(name, str) and name.isascii(), "Unicode is not supported here.", "from.name")


def _check_address(value: Any, field: str) -> None:
    _need(isinstance(value, dict) and not value.keys() - {"email", "name"}, "Bad address", field)
    email = value.get("email")
    _need(
        isinstance(email, str) and len(email) <= 254 and _ADDRESS.fullmatch(email) is not None,
        "Does not contain a valid address.",
        f"{field}.email",
    )


def _check_person(person: Any, field: str, has_subject: bool, seen: set[str]) -> None:
    _need(isinstance(person, dict), "Bad personalization", field)
    extra = person.keys() - _PERSONAL
    _need(not extra, f"Additional property {min(extra, default='')} is not allowed", field)
    _need(bool(person.get("to")), "The to array is required for all personalization objects", field)
    for group in ("to", "cc", "bcc"):
        for number, one in enumerate(person.get(group, [])):
            where = f"{field}.{group}.{number}"
            _check_address(one, where)
            name = one.get("name", "")
            _need(
                isinstance(name, str) and not set(name) & set(";,"),
                "The name may not contain ; or ,",
                f"{where}.name",
            )
            address = one["email"].lower()
            _need(
                address not in seen,
                "Each email address in the personalization block should be unique between to, "
                f"cc, and bcc. We found the first duplicate instance of [{address}] in the "
                f"{field}.{group} field.",
                f"{field}.{group}",
            )
            seen.add(address)
    subject = person.get("subject")
    _need(
        has_subject or (isinstance(subject, str) and bool(subject)),
        "The subject is required. You can get around this requirement if you use a template with "
        "a subject defined or if every personalization has a subject defined.",
        "subject",
    )
    _check_headers(person.get("headers"), f"{field}.headers")
    _check_strings(person.get("substitutions"), f"{field}.substitutions")
    _check_strings(person.get("custom_args"), f"{field}.custom_args")


def _check_headers(headers: Any, field: str) -> None:
    if headers is None:
        return
    _need(isinstance(headers, dict), "Headers must be an object", field)
    for name, value in headers.items():
        _need(isinstance(value, str), "Headers must be strings", f"{field}.{name}")
        _need(name.lower() not in _FORBIDDEN, "The header may not be set", f"{field}.{name}")
        clean = name.isascii() and value.isascii() and not set(value) & set("\r\n\0")
        _need(clean, "The header is not valid", f"{field}.{name}")


def _check_strings(values: Any, field: str) -> None:
    if values is None:
        return
    _need(isinstance(values, dict), "Must be an object", field)
    size = 0
    for name, value in values.items():
        _need(isinstance(value, str), "Must be a string", f"{field}.{name}")
        size += len(name.encode()) + len(value.encode())
    _need(size <= _LIMIT, "Is limited to 10000 bytes", field)


def _check_content(content: Any, *, templated: bool) -> None:
    if templated and content is None:
        return
    _need(isinstance(content, list) and bool(content), "The content is required.", "content")
    kinds = []
    for number, part in enumerate(content):
        field = f"content.{number}"
        _need(isinstance(part, dict), "Bad content", field)
        kinds.append(part.get("type"))
        _need(isinstance(part.get("type"), str), "The type is required", f"{field}.type")
        value = part.get("value")
        _need(isinstance(value, str) and bool(value), "The value is required", f"{field}.value")
    if "text/plain" in kinds:
        message = "If present, text/plain must be first, followed by text/html."
        _need(kinds[0] == "text/plain", message, "content")


def _check_switches(settings: Any, field: str) -> None:
    _need(isinstance(settings, dict), "Must be an object", field)
    for name, value in settings.items():
        switch = value.get("enable") if isinstance(value, dict) else None
        _need(isinstance(switch, bool), "enable must be true or false", f"{field}.{name}")
