"""What is known of each provider that matters to privacy; shown on the settings pages.

A signed agreement is recorded in ``transports`` by the clinic; these facts only say
whether the vendor offers one at all. As of 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Agreement(StrEnum):
    """Whether a business associate agreement can be had."""

    NOT_NEEDED = "not_needed"  # nothing leaves the machine
    NOT_OFFERED = "not_offered"
    OFFERED = "offered"
    DEPENDS = "depends"  # on whose relay it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One provider. ``sentence`` is for staff."""

    kind: str
    label: str
    channels: tuple[str, ...]
    agreement: Agreement
    leaves_machine: bool
    sentence: str


FACTS: dict[str, Facts] = {
    "local": Facts(
        kind="local",
        label="This computer (nothing is sent)",
        channels=("email", "sms"),
        agreement=Agreement.NOT_NEEDED,
        leaves_machine=False,
        sentence="Messages land on the Outbox page and reach nobody.",
    ),
    "sendgrid": Facts(
        kind="sendgrid",
        label="SendGrid",
        channels=("email",),
        agreement=Agreement.NOT_OFFERED,
        leaves_machine=True,
        sentence=(
            "SendGrid signs no HIPAA agreement, and Twilio's does not cover it. A clinic that is "
            "bound by HIPAA uses an SMTP relay whose vendor signs one."
        ),
    ),
    "twilio": Facts(
        kind="twilio",
        label="Twilio",
        channels=("sms",),
        agreement=Agreement.OFFERED,
        leaves_machine=True,
        sentence="Twilio signs a HIPAA agreement for texts on accounts that it marks for it.",
    ),
    "smtp": Facts(
        kind="smtp",
        label="Your own SMTP relay",
        channels=("email",),
        agreement=Agreement.DEPENDS,
        leaves_machine=True,
        sentence="Ask the relay's vendor for a signed HIPAA agreement and record its date here.",
    ),
}
