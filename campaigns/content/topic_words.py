"""Words that tell what a person is interested in: never in a subject, a text or an address."""

from __future__ import annotations

import re
from collections.abc import Iterable

NEUTRAL_SUBJECT = "Your new guide from {{ brand }}"
NEUTRAL_PREHEADER = "A short read from our clinicians."
NEUTRAL_TEXT = "your new wellness guide is ready:"

_STEMS = (
    r"spasm\w*",
    r"cramp\w*",
    r"periods?",
    r"menstru\w*",
    r"pms",
    r"endometri\w*",
    r"arthrit\w*",
    r"joints?",
    r"(?:joint|back|knee|neck|hip|shoulder|muscle)[\s-]?(?:pain|ache)\w*",
    r"knees?",
    r"muscles?",
    r"neuropath\w*",
    r"acne",
    r"eczema",
    r"psoriasis",
    r"rosacea",
    r"wrinkl\w*",
    r"scar(?:s|ring)?",
    r"skin(?:care)?",
    r"hair[\s-]?(?:loss|growth)",
    r"(?:in)?fertil\w*",
    r"menopaus\w*",
    r"anxiety",
    r"depress\w*",
)


def pattern(names: Iterable[str] = ()) -> re.Pattern[str]:
    """Return what finds a topic word; ``names`` are the clinic's own topics."""
    own = [
        r"[\s_-]+".join(map(re.escape, name.split())) + r"(?:s|es)?"
        for name in names
        if name.strip()
    ]
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join([*own, *_STEMS])})(?![a-z0-9])", re.IGNORECASE)
