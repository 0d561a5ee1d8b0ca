"""Email addresses and phone numbers: one normal form each, and remedies in plain words.

Pure. Imports call these for every row, so each has a fast path (one regular expression)
for what is plainly good; only the rest is looked at closely.
"""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from campaigns.contacts import areas
from campaigns.contacts.channels import Channel
from campaigns.core.errors import InvalidInput

MAX_EMAIL = 254
_GMAIL = ("@gmail.com", "@googlemail.com")

_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}",
    re.ASCII,
)
NO_NUMBER = frozenset(
    {
        "phone_missing",
        "phone_extension",
        "phone_characters",
        "phone_length",
        "phone_exchange",
    }
)
"""Faults of what cannot be anybody's number; the others are numbers that get no texts."""

_RESERVED = frozenset({"test", "invalid", "localhost", "local", "onion", "arpa", "internal"})
_EXTENSION = re.compile(
    r"(?:;?\s*ext(?:ension|n)?\.?|(?<=\d)\s*x\.?|#|;)\s*[:=]?\s*\d+\s*$", re.IGNORECASE
)
_PLAIN_PHONE = re.compile(r"\+?1?[ .-]?\(?([2-9]\d\d)\)?[ .-]?([2-9]\d\d)[ .-]?(\d{4})", re.ASCII)
_ALLOWED = re.compile(r"\+?[\d\s().\-/\u2010-\u2015\u2212\u00b7]+", re.ASCII)
_NOT_DIGIT = re.compile(r"\D", re.ASCII)


def normalise_email(text: str) -> str:
    """Return an email address in its normal form: trimmed, lower-case.

    No look-up in the network is made. A ``mailto:`` prefix and angle brackets, which
    exports and copied text carry, are taken off.

    Raises: InvalidInput ``email_missing``, ``email_too_long``, ``email_invalid``.
    """
    plain = text.strip().lower()
    if (
        len(plain) <= 64
        and _PLAIN_EMAIL.fullmatch(plain)
        and plain.rsplit(".", 1)[1] not in _RESERVED
        and "--" not in plain.split("@", 1)[1]
    ):
        return plain
    return _closely_email(text)


def _closely_email(text: str) -> str:
    cleaned = unicodedata.normalize("NFKC", text).strip().strip("\u200b\ufeff").strip()
    match = re.fullmatch(r"[^<>]*<([^<>]+)>", cleaned)
    if match:
        cleaned = match.group(1).strip()
    if cleaned.lower().startswith("mailto:"):
        cleaned = cleaned[len("mailto:") :]
    if not cleaned:
        raise InvalidInput(
            "email_missing", "There is no email address here. Type one, like ana@example.com."
        )
    if len(cleaned) > MAX_EMAIL:
        raise InvalidInput(
            "email_too_long",
            f"This email address is longer than {MAX_EMAIL} characters, which no mailbox can "
            "have. Check that it is a single address.",
        )
    try:
        found = validate_email(cleaned, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InvalidInput(
            "email_invalid",
            f"“{_short(cleaned)}” is not an email address that can be reached. "
            f"{_sentence(str(error))} Check the spelling, like ana@example.com.",
        ) from error
    return (found.ascii_email or found.normalized).lower()


def normalise_phone(text: str) -> str:
    """Return a US phone number in E.164 (``+12125550123``).

    Raises: InvalidInput ``phone_missing``, ``phone_extension``, ``phone_characters``,
    ``phone_length``, ``phone_foreign``, ``phone_toll_free``, ``phone_service``,
    ``phone_territory``, ``phone_area_code``, ``phone_exchange``.
    """
    match = _PLAIN_PHONE.fullmatch(text.strip())
    if match:
        area, exchange, line = match.groups()
        if area in areas.AREA_CODES and exchange[1:] != "11":
            return f"+1{area}{exchange}{line}"
    return _closely_phone(text)


def _closely_phone(text: str) -> str:
    cleaned = unicodedata.normalize("NFKC", text).strip().strip("\u200b\u200e\u202a\u202c\ufeff")
    if cleaned.lower().startswith("tel:"):
        cleaned = cleaned[len("tel:") :]
    cleaned = cleaned.strip()
    if not cleaned:
        raise InvalidInput(
            "phone_missing", "There is no phone number here. Type one, like (212) 555-0123."
        )
    if _EXTENSION.search(cleaned):
        raise InvalidInput(
            "phone_extension",
            "This number has an extension, and a text cannot reach an extension. Give a mobile "
            "number, or leave the extension off if the main number takes texts.",
        )
    if not _ALLOWED.fullmatch(cleaned):
        raise InvalidInput(
            "phone_characters",
            "This phone number has characters that do not belong in one. Give a single number, "
            "like (212) 555-0123.",
        )
    digits = _NOT_DIGIT.sub("", cleaned)
    if cleaned.startswith("+") and not digits.startswith("1"):
        raise InvalidInput(
            "phone_foreign",
            "This number is from outside the United States. Only US numbers can be texted; "
            "reach this person by email.",
        )
    if cleaned.startswith("+1") or (len(digits) == 11 and digits.startswith("1")):
        digits = digits[1:]
    if len(digits) != 10:
        raise InvalidInput(
            "phone_length",
            f"A US phone number has 10 digits; this one has {len(digits)}. Give it with its area "
            "code, like (212) 555-0123.",
        )
    _check_digits(digits)
    return f"+1{digits}"


def _check_digits(digits: str) -> None:
    area, exchange = digits[:3], digits[3:6]
    if area in areas.TOLL_FREE:
        raise InvalidInput(
            "phone_toll_free",
            f"{area} is a toll-free number of a business, not a person's phone. Give the "
            "person's own mobile number.",
        )
    if area in areas.SPECIAL or area[1:] == "11":
        raise InvalidInput(
            "phone_service",
            f"Numbers that begin with {area} are service numbers and cannot be texted. Give the "
            "person's own mobile number.",
        )
    if area in areas.TERRITORIES:
        raise InvalidInput(
            "phone_territory",
            f"Area code {area} is in a US territory. Texts go to the fifty states and DC only; "
            "reach this person by email.",
        )
    if area in areas.CANADA or area in areas.CARIBBEAN:
        where = "Canada" if area in areas.CANADA else "the Caribbean"
        raise InvalidInput(
            "phone_foreign",
            f"Area code {area} is in {where}. Only US numbers can be texted; reach this person "
            "by email.",
        )
    if area not in areas.AREA_CODES:
        raise InvalidInput(
            "phone_area_code",
            f"{area} is not an area code in the United States. Check the first three digits.",
        )
    if exchange[0] in "01" or exchange[1:] == "11":
        raise InvalidInput(
            "phone_exchange",
            f"No US phone number goes on with {exchange} after the area code. Check the digits.",
        )


def normalise(channel: str, text: str) -> str:
    """Return an address of either channel in its normal form."""
    return normalise_email(text) if channel == Channel.EMAIL else normalise_phone(text)


def mailbox(channel: str, address: str) -> str:
    """Return what stands for the mailbox behind a normalised address; a phone is itself.

    Gmail reads ``jane.doe+news@gmail.com`` as ``janedoe@gmail.com``, and googlemail.com as
    gmail.com. Only for what blocks: two spellings never make two people one.
    """
    if channel != Channel.EMAIL or not address.endswith(_GMAIL):
        return address
    name = address.rpartition("@")[0].partition("+")[0].replace(".", "")
    return f"{name}@gmail.com" if name else address


def untagged(channel: str, address: str) -> str:
    """Return the mailbox as most providers read it: any ``+tag`` gone; for limits on use."""
    if channel == Channel.EMAIL:
        name, _, domain = address.rpartition("@")
        address = f"{name.partition('+')[0]}@{domain}"
    return mailbox(channel, address)


def mask(channel: str, address: str) -> str:
    """Return an address with most of it hidden, for logs and for screens open to a glance."""
    if channel == Channel.EMAIL:
        name, _, domain = address.partition("@")
        return f"{name[:1]}•••@{domain}"
    return f"•••-•••-{address[-4:]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
