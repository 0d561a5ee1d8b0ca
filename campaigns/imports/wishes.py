"""What the lines of a chunk say about consent: one wish for each person and channel. Pure.

Where several lines are about one person, leaving wins, then the first line with proof.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from campaigns.consent.ledger import TOPIC, Wish
from campaigns.consent.models import Action
from campaigns.contacts.models import Channel
from campaigns.imports.cells import Stand
from campaigns.imports.lines import Line
from campaigns.imports.matching import Decision, Known
from campaigns.imports.proofs import Proof

EMAIL, SMS = Channel.EMAIL.value, Channel.SMS.value
_LEFT = (Stand.OUT, Stand.COMPLAINED)
_RANK = {Action.OPT_OUT: 2, Action.OPT_IN_CONFIRMED: 1, Action.HEALTH_TOPIC_CONSENT: 1, None: 0}


def wishes_of(decisions: Iterable[Decision], *, import_id: int, filename: str) -> list[Wish]:
    """Return the wishes of the kept lines, one for each person and channel."""
    found: dict[tuple[int, str], Wish] = {}
    for decision in decisions:
        if decision.person is None:
            continue
        evidence = {"import": import_id, "file": filename, "line": decision.line.line}
        for wish in _of_line(decision.line, decision.person, evidence):
            present = found.get(wish.key)
            if present is None or _RANK[wish.action] > _RANK[present.action]:
                found[wish.key] = wish
    return list(found.values())


def _of_line(line: Line, person: Known, evidence: dict[str, Any]) -> Iterable[Wish]:
    for channel, address, own in (
        (EMAIL, person.email, line.email),
        (SMS, person.phone, line.phone),
    ):
        stand = line.stands.get(channel, Stand.IN)
        if stand in _LEFT and address is not None:
            yield Wish(
                contact_id=person.id,
                channel=channel,
                action=Action.OPT_OUT,
                address=address,
                expressed_at=line.left_at.get(channel),
                evidence={
                    **evidence,
                    **({"complaint": "yes"} if stand is Stand.COMPLAINED else {}),
                },
            )
        elif own is not None and own == address:
            yield _agreement(person, channel, own, line.proofs.get(channel), evidence)
    if TOPIC in line.proofs and (line.topics or not line.proofs[TOPIC].attested):
        yield _agreement(person, TOPIC, "", line.proofs[TOPIC], evidence)


def _agreement(
    person: Known, channel: str, address: str, proof: Proof | None, evidence: dict[str, Any]
) -> Wish:
    if proof is None:
        return Wish(
            contact_id=person.id, channel=channel, action=None, address=address, evidence=evidence
        )
    return Wish(
        contact_id=person.id,
        channel=channel,
        action=Action.HEALTH_TOPIC_CONSENT if channel == TOPIC else Action.OPT_IN_CONFIRMED,
        address=address,
        expressed_at=proof.at,
        wording=proof.wording,
        disclosure_id=proof.disclosure_id,
        source_label=proof.source,
        frequency_per_month=proof.per_month,
        evidence={
            **evidence,
            "source": proof.source,
            **proof.details,
            **({"attestation": proof.attestation} if proof.attested else {}),
        },
    )
