"""The fixed texts with which the service answers a reply: STOP, HELP, START.

No marketing in any of them, one text part where possible (brand of up to 24 letters).
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures
from campaigns.core.errors import CampaignsError

TWILIO_ANSWERS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
    | {"start", "yes", "unstop", "help", "info"}
)
"""Whole replies, in any case, that Twilio answers by itself: a second answer is one too many."""
DEFAULT_FREQUENCY = 8


def stop(clinic: Clinic) -> str:
    """Confirm that somebody left."""
    return f"{clinic.brand}: You are opted out and will get no more marketing texts from us."


def help_(clinic: Clinic, *, frequency: int) -> str:
    """Say who writes, how to reach us, how to stop."""
    reach = " or ".join(filter(None, [_shown(clinic.phone), clinic.website])) or "our front desk"
    return (
        f"{clinic.brand} wellness texts. Help: {reach}. Up to {frequency} msgs/mo. "
        "Msg & data rates may apply. Reply STOP to opt out."
    )


def welcome(clinic: Clinic, *, frequency: int) -> str:
    """Say what somebody who came back has signed up for."""
    return (
        f"{clinic.brand}: You're signed up for wellness tips & booking links, up to {frequency} "
        "msgs/mo. Msg & data rates may apply. Reply HELP for help, STOP to opt out."
    )


def ask_again(clinic: Clinic, *, frequency: int) -> str:
    """Ask somebody who came back, and whose old agreement does not hold, to agree again."""
    return (
        f"{clinic.brand}: Reply Y to confirm up to {frequency} wellness texts/mo. "
        "Msg & data rates may apply. HELP for help, STOP to cancel."
    )


def promised(session: Session) -> int:
    """Return how many texts a month the current wording promises at most."""
    try:
        found = disclosures.current(session, "sms")
    except CampaignsError:
        return DEFAULT_FREQUENCY
    return found.frequency_per_month or DEFAULT_FREQUENCY


def is_answered_by_provider(body: str, opt_out_type: str | None) -> bool:
    """Tell whether Twilio has answered this reply itself."""
    return opt_out_type is not None or body.strip().casefold() in TWILIO_ANSWERS


def _shown(phone: str | None) -> str | None:
    if not phone:
        return None
    digits = phone.removeprefix("+1")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else phone
