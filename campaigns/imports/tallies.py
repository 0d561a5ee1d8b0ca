"""What became of a file in figures: people by outcome of consent, interests, remarks. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.consent.ledger import TOPIC, BulkOutcome, Wish
from campaigns.consent.models import Action

WORDS: dict[str, str] = {
    "email_granted": "agreed to email, with proof",
    "email_unproven": "came without proof of agreeing to email: they wait, and may be asked once",
    "email_known": "stand as before for email",
    "email_left": "left email: recorded, and they get none",
    "email_left_before": "asked not to be emailed before, and stay so",
    "email_bounced": "have an email that did not arrive before: it is not used",
    "sms_granted": "agreed to texts, with proof",
    "sms_unproven": "came without proof of agreeing to texts: they wait and get none",
    "sms_known": "stand as before for texts",
    "sms_left": "left texts: recorded, and they get none",
    "sms_left_before": "asked not to be texted before, and stay so",
    "topic_granted": "agreed that their interests are kept",
    "topics_stored": "have interests stored",
    "topics_without_consent": "named interests without agreeing that they are kept: left out",
    "topics_unknown": "named an interest that is not switched on: left out",
    "same_person": "lines were about somebody earlier in the file",
    "remarks": "lines were kept with a remark",
}
"""Key -> words that follow the number, in the order of the summary."""


def of_wishes(wishes: Iterable[Wish], outcome: BulkOutcome) -> Counter[str]:
    """Count what became of the wishes of a chunk."""
    tally: Counter[str] = Counter()
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
        else:
            tally[f"{kind}_granted"] += 1
    for quiet in (f"{TOPIC}_known", f"{TOPIC}_left_before"):
        tally.pop(quiet, None)
    return tally


def merged(tally: Mapping[str, Any], more: Mapping[str, int]) -> dict[str, int]:
    """Add two tallies."""
    return dict(Counter(tally) + Counter(more))


def sentences(tally: Mapping[str, int]) -> list[tuple[str, int, str]]:
    """Return the figures that are not zero as (key, number, words)."""
    return [(key, tally[key], words) for key, words in WORDS.items() if tally.get(key)]
