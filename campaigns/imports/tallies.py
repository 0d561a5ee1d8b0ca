"""What became of a file in figures: people by outcome of consent, interests, remarks. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from campaigns.consent.ledger import TOPIC, BulkOutcome, Wish
from campaigns.consent.models import Action, SuppressionReason
from campaigns.imports.proofs import STALE_AFTER

WORDS: dict[str, str] = {
    "email_by_row": "agreed to email, by proof on their own line",
    "email_by_attestation": "agreed to email, by what you vouch for",
    "email_stale": "agreed to email more than 18 months ago: ask them again before you write",
    "email_unproven": (
        "came without proof of agreeing to email: unconfirmed, they wait and may be asked once"
    ),
    "email_known": "stand as before for email",
    "email_left": "left email: recorded, and they get none",
    "email_complained": "of these reported an email as spam",
    "email_left_before": "previously opted out of email: refused, they stay on the list of stops",
    "email_bounced": "have an email that did not arrive before: it is not used",
    "email_blocked": "agreed, but their email is on the do-not-contact list for another reason",
    "sms_by_row": "agreed to texts, by proof on their own line",
    "sms_by_attestation": "agreed to texts, by what you vouch for",
    "sms_stale": "agreed to texts more than 18 months ago: ask them again before you write",
    "sms_unproven": "came without proof of agreeing to texts: they wait and get none",
    "sms_known": "stand as before for texts",
    "sms_left": "left texts: recorded, and they get none",
    "sms_complained": "of these reported a text as spam",
    "sms_left_before": "previously opted out of texts: refused, they stay on the list of stops",
    "sms_blocked": "agreed, but their phone is on the do-not-contact list for another reason",
    "topic_granted": "agreed that their interests are kept",
    "topics_stored": "have interests stored",
    "topics_without_consent": "named interests without agreeing that they are kept: left out",
    "topics_unknown": "named an interest that is not switched on: left out",
    "same_person": "lines were about somebody earlier in the file",
    "remarks": "lines were kept with a remark",
}
"""Key -> words that follow the number, in the order of the summary."""


def of_wishes(
    wishes: Iterable[Wish],
    outcome: BulkOutcome,
    *,
    reasons: Mapping[tuple[str, str], set[SuppressionReason]],
    now: datetime,
) -> Counter[str]:
    """Count what became of the wishes of a chunk; ``reasons`` as in ``writing.write``."""
    tally: Counter[str] = Counter()
    stale_before = now - STALE_AFTER
    for wish in wishes:
        kind = wish.key[1]
        if wish.key in outcome.refused:
            tally[f"{kind}_left_before"] += 1
        elif wish.key in outcome.unproven:
            tally[f"{kind}_unproven"] += 1
        elif wish.key in outcome.unchanged:
            tally[f"{kind}_known"] += 1
        elif wish.action == Action.OPT_OUT:
            tally[f"{kind}_left"] += 1
            tally[f"{kind}_complained"] += "complaint" in wish.evidence
        else:
            tally[f"{kind}_granted"] += 1
            tally[f"{kind}_attested"] += "attestation" in wish.evidence
            tally[f"{kind}_stale"] += (wish.expressed_at or now) < stale_before
            tally[f"{kind}_blocked"] += bool(reasons.get((str(wish.channel), wish.address)))
    for quiet in (f"{TOPIC}_known", f"{TOPIC}_left_before", f"{TOPIC}_blocked", f"{TOPIC}_stale"):
        tally.pop(quiet, None)
    return +tally


def of_consent(tally: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return for email and texts how many people stand where, zeros included."""
    found = {}
    for kind, waiting in (("email", "unconfirmed"), ("sms", "waiting")):
        attested = tally.get(f"{kind}_attested", 0)
        found[kind] = {
            "agreed_by_row": tally.get(f"{kind}_granted", 0) - attested,
            "agreed_by_attestation": attested,
            "agreed_long_ago": tally.get(f"{kind}_stale", 0),
            waiting: tally.get(f"{kind}_unproven", 0),
            "unchanged": tally.get(f"{kind}_known", 0),
            "do_not_contact": tally.get(f"{kind}_left", 0)
            + tally.get(f"{kind}_bounced", 0)
            + tally.get(f"{kind}_blocked", 0),
            "previously_opted_out": tally.get(f"{kind}_left_before", 0),
        }
    return found


def merged(tally: Mapping[str, Any], more: Mapping[str, int]) -> dict[str, int]:
    """Add two tallies."""
    return dict(Counter(tally) + Counter(more))


def sentences(tally: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Return the figures that are not zero as (key, number, words)."""
    full = dict(tally)
    for kind, figures in of_consent(tally).items():
        full[f"{kind}_by_row"] = figures["agreed_by_row"]
        full[f"{kind}_by_attestation"] = figures["agreed_by_attestation"]
    return [(key, full[key], words) for key, words in WORDS.items() if full.get(key)]
