"""What one person may receive now, by the gate that sends; for ``campaigns explain person``."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from campaigns.cli import questions
from campaigns.cli.questions import Answer
from campaigns.contacts import addresses, directory
from campaigns.contacts.models import Channel, Contact
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.delivery import person_reach
from campaigns.wiring import Services

NAMES: dict[str, str] = {Channel.EMAIL: "Email", Channel.SMS: "Texts"}


def answer(services: Services, question: Answer) -> Answer:
    """Answer ``{"person"}``: everybody whom the number or the address names, by channel.

    Raises: InvalidInput for what is no address; NotFound if it is nobody's.
    """
    now = services.clock.now()
    ways: dict[str, str] = {Channel.EMAIL: services.email.name, Channel.SMS: services.sms.name}
    with services.db.reading() as session:
        people = _find(session, questions.text_of(question, "person"))
        return {
            "people": [
                {
                    "id": contact.id,
                    "channels": [
                        _told(one)
                        for one in person_reach.explain_person(
                            session, contact.id, providers=ways, now=now
                        )
                    ],
                }
                for contact in people
            ]
        }


def in_words(found: Answer) -> str:
    """Return the answer in sentences."""
    lines = []
    for one in found["people"]:
        lines.append(f"Person {one['id']}")
        for channel in one["channels"]:
            name = NAMES[channel["channel"]]
            if channel["allowed"]:
                lines.append(f"  {name}: a campaign's message may leave now.")
            else:
                lines.append(f"  {name}: nothing may leave now.")
            lines += [f"    {_sentence(reason)}" for reason in channel["reasons"]]
            lines += [
                f"    On topics: {_sentence(reason)}" for reason in channel["reasons_on_topics"]
            ]
    return "\n".join(lines)


def _find(session: Session, who: str) -> list[Contact]:
    who = who.strip()
    if who.isascii() and who.isdigit() and len(who) < 10:
        return [directory.get(session, int(who))]
    channel = Channel.EMAIL if "@" in who else Channel.SMS
    try:
        address = addresses.normalise(channel, who)
    except InvalidInput as fault:
        raise InvalidInput(
            "person",
            f"{fault.message} A person's number works too.",
        ) from None
    found = directory.find_by_address(session, channel, address)
    if not found:
        raise NotFound("person", "Nobody on file has this address.")
    return found


def _told(one: person_reach.Answer) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "allowed": one.allowed,
        "reasons": [_reason(obstacle) for obstacle in one.obstacles],
        "reasons_on_topics": [_reason(obstacle) for obstacle in one.on_topics],
    }


def _reason(obstacle: person_reach.Obstacle) -> dict[str, Any]:
    return {
        "code": obstacle.code,
        "sentence": obstacle.sentence,
        "until": None if obstacle.until is None else obstacle.until.isoformat(),
    }


def _sentence(reason: dict[str, Any]) -> str:
    until = f" Until {reason['until']}." if reason["until"] else ""
    return f"{reason['sentence']}{until}"
