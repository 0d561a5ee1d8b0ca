"""States, reasons and happenings in the words that staff use."""

from __future__ import annotations

from campaigns.delivery.models import MessageState

STATE_WORDS: dict[str, str] = {
    MessageState.PLANNED: "planned",
    MessageState.HELD: "held until later",
    MessageState.SENDING: "going out now",
    MessageState.ACCEPTED: "sent, no receipt yet",
    MessageState.DELIVERED: "delivered",
    MessageState.BOUNCED: "came back",
    MessageState.FAILED: "failed",
    MessageState.SUPPRESSED: "not sent",
    MessageState.EXPIRED: "too late to send",
    MessageState.CANCELLED: "cancelled",
    MessageState.UNCERTAIN: "waiting for proof",
    MessageState.NOT_ACCEPTED: "never left",
}
STATE_TONES: dict[str, str] = {
    MessageState.DELIVERED: "green",
    MessageState.ACCEPTED: "green",
    MessageState.PLANNED: "blue",
    MessageState.SENDING: "blue",
    MessageState.HELD: "amber",
    MessageState.UNCERTAIN: "amber",
    MessageState.BOUNCED: "red",
    MessageState.FAILED: "red",
    MessageState.NOT_ACCEPTED: "red",
}


def words_of_reason(code: str | None) -> str:
    """Return the sentence behind a code of the gate or of a provider; the code if unknown."""
    from campaigns.eligibility import gate

    if not code:
        return ""
    for rule in gate.RULES:
        if rule.code == code:
            return str(rule.sentence)
    return code.replace("_", " ")
