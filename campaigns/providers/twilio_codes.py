"""Twilio's error codes as data: what each means, and what follows from it.

Twilio advises against deep logic on its codes and has split some into finer ones, so a
code that is not listed falls into the soft class: counted, not retried, nobody blocked.
Source: Twilio's error dictionary and messaging guides, as of 2026-11; codes marked
``uncertain`` there are listed with the same effect as their documented neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from campaigns.delivery.ports import RefusalKind

AS_OF = "2026-11-22"


class Class(StrEnum):
    """What kind of trouble a code stands for."""

    OPT_OUT = "opt_out"
    PERMANENT = "permanent"  # this number will never work
    SOFT = "soft"  # this number did not work now
    FILTERED = "filtered"  # carriers took the message for spam: the campaign's problem
    CONTENT = "content"  # our message is wrong
    CONFIGURATION = "configuration"  # our account or sender is wrong
    TRANSIENT = "transient"  # overload; the same message may go later


@dataclass(frozen=True, slots=True)
class Code:
    """One error code. ``suppress_as`` is the reason under which the number is blocked."""

    code: int
    meaning: str
    kind: Class
    suppress_as: str | None = None
    retry_seconds: int | None = None


_O, _P, _S, _F = Class.OPT_OUT, Class.PERMANENT, Class.SOFT, Class.FILTERED
_M, _C, _T = Class.CONTENT, Class.CONFIGURATION, Class.TRANSIENT

_ROWS = (
    Code(14107, "rate between this pair of numbers exceeded", _T, None, 60),
    Code(20003, "authentication failed", _C),
    Code(20404, "account or resource not found", _C),
    Code(20429, "too many requests", _T, None, 5),
    Code(21211, "not a valid number", _P, "invalid"),
    Code(21212, "sending number is not valid", _C),
    Code(21265, "a short code cannot receive this", _P, "invalid"),
    Code(21266, "sender and recipient are the same number", _P, "invalid"),
    Code(21408, "this country is not enabled", _C),
    Code(21602, "the text is empty", _M),
    Code(21603, "sending number is missing", _C),
    Code(21604, "recipient is missing", _M),
    Code(21606, "sending number cannot be used", _C),
    Code(21610, "the person replied STOP", _O, "provider_optout"),
    Code(21611, "the sending number's queue is full", _T, None, 60),
    Code(21612, "no route to this number", _S, None, 86_400),
    Code(21614, "not a mobile number", _P, "not_mobile"),
    Code(21617, "the text is longer than 1,600 characters", _M),
    Code(21619, "the text is missing", _M),
    Code(21635, "a landline cannot receive texts", _P, "not_mobile"),
    Code(21659, "sending number is not ours", _C),
    Code(21660, "sending number does not belong to the account", _C),
    Code(21661, "sending number cannot send texts", _C),
    Code(21703, "the messaging service has no numbers", _C),
    Code(21704, "the messaging service has no usable number", _C),
    Code(21705, "the messaging service is not valid", _C),
    Code(30001, "queue overflow", _T, None, 60),
    Code(30002, "account suspended", _C),
    Code(30003, "handset unreachable", _S),
    Code(30004, "blocked by the carrier or the recipient", _S),
    Code(30005, "unknown or inactive number", _P, "invalid"),
    Code(30006, "landline or unreachable carrier", _P, "not_mobile"),
    Code(30007, "filtered as spam by a carrier", _F),
    Code(30008, "unknown error", _T, None, 3_600),
    Code(30022, "rate limit of the carrier exceeded", _T, None, 60),
    Code(30023, "daily limit of the carrier reached", _T, None, 86_400),
    Code(30032, "toll-free number not verified", _C),
    Code(30034, "number not registered for business texting", _C),
    Code(30036, "validity period ran out before delivery", _T),
    Code(30450, "stopped by protection against SMS pumping", _C),
    Code(30610, "quiet hours of the provider", _T, None, 3_600),
    Code(30640, "known litigator", _P, "legal"),
)

CODES: dict[int, Code] = {row.code: row for row in _ROWS}

_REFUSALS = {
    _O: RefusalKind.OPTED_OUT,
    _P: RefusalKind.RECIPIENT,
    _S: RefusalKind.RECIPIENT_SOFT,
    _F: RefusalKind.CONTENT,
    _M: RefusalKind.CONTENT,
    _C: RefusalKind.CONFIGURATION,
    _T: RefusalKind.TEMPORARY,
}


def look_up(code: int) -> Code:
    """Return what is known of a code; an unlisted one is soft and blocks nobody."""
    return CODES.get(code) or Code(code, "not a code we know", Class.SOFT)


def refusal(code: int) -> RefusalKind:
    """Return what delivery makes of a refusal with this code."""
    return _REFUSALS[look_up(code).kind]
