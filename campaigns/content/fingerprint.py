"""What an approval binds to: everything that a patient reads as health content.

Words, claims, images, conditions and link destinations are in; ids, room between blocks
and the clinic's own facts (phone, hours, address, brand: merge tags) are not.
"""

from __future__ import annotations

import hashlib
from typing import Any

from campaigns.content import wording
from campaigns.content.blocks import (
    AnyBlock,
    Columns,
    Disclaimer,
    Divider,
    EmailSource,
    Spacer,
    TextSource,
    canonical_json,
)


def of_email(source: EmailSource, *, booking: str) -> str:
    """Return the review hash of an email."""
    body = {
        "channel": "email",
        "subject": source.subject,
        "preheader": source.preheader,
        "booking": booking,
        "blocks": [_block(b) for b in source.blocks if not isinstance(b, Divider | Spacer)],
        "notice": wording.EDUCATION_ONLY,
    }
    return _digest(body)


def of_text(source: TextSource, *, booking: str, linked: str | None) -> str:
    """Return the review hash of a text; ``linked`` is the hash of the lesson it leads to."""
    return _digest(
        {
            "channel": "sms",
            "body": source.body,
            "link": source.link,
            "booking": booking if source.link == "book" else "",
            "linked": linked,
        }
    )


def _block(block: AnyBlock) -> dict[str, Any]:
    body = block.model_dump(mode="json", exclude={"id", "width", "height"}, exclude_none=True)
    if isinstance(block, Columns):
        for side, inner in (("left", block.left), ("right", block.right)):
            body[side] = [_block(b) for b in inner if not isinstance(b, Spacer)]
    if isinstance(block, Disclaimer):
        body["words"] = wording.DISCLAIMER
    return body


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()
