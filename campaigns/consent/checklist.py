"""What written consent to texts must contain, point by point, and who vouched for each.

47 CFR 64.1200(f)(9); the points ``a`` to ``g`` are those of the compliance specification
(CON-01). The service reads in the words what words can show; how the words stand on a
page or a paper form is vouched for by a person. A version with an open point is not used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from campaigns.consent.models import Disclosure

POINTS = {
    "a": "It is a written agreement, on paper or on a screen.",
    "b": "The person signs it: ticks the box, types a name, or answers by text.",
    "c": "It names who will text.",
    "d": "It clearly allows marketing texts sent by automated means.",
    "e": "It names the number: the field beside it holds the number that is agreed for.",
    "f": "It says that consent is no condition of buying or of care.",
    "g": "It is seen at once: beside the control, not behind a link, and the box is unticked.",
}
READ_IN_THE_WORDS = frozenset("cdf")
"""What ``disclosures`` refuses to publish without; nobody needs to vouch for these."""
TICKED = tuple(point for point in POINTS if point not in READ_IN_THE_WORDS)

WORDS, FORM, PERSON = "words", "form", "person"
SHIPPED = "shipped wording"
"""Who approved version 1: nobody but this product, by its own reading and its own form."""


def shipped() -> dict[str, str]:
    """Return the checklist of the words that come with the product, on its own form."""
    return {point: WORDS if point in READ_IN_THE_WORDS else FORM for point in POINTS}


def ticked(points: Collection[str]) -> dict[str, str]:
    """Return the checklist of words that were read, with what a person vouched for."""
    return {
        point: WORDS if point in READ_IN_THE_WORDS else PERSON
        for point in POINTS
        if point in READ_IN_THE_WORDS or point in points
    }


def open_points(kept: Mapping[str, Any] | None, approved_at: datetime | None) -> list[str]:
    """Return the points that nobody vouched for; all of them where nothing was approved."""
    if approved_at is None:
        return list(POINTS)
    return [point for point in POINTS if not (kept or {}).get(point)]


def may_be_used(disclosure: Disclosure) -> bool:
    """Tell whether consent may rest on a version: for texts, every point is vouched for."""
    return disclosure.kind != "sms" or not open_points(disclosure.checklist, disclosure.approved_at)
