"""What the clinic has written: signed, waiting for a signature, and with things to fix."""

from __future__ import annotations

import struct
from zlib import compress, crc32

from sqlalchemy.orm import Session

from campaigns.content import lessons, pictures, review, starter
from campaigns.content.models import Lesson
from campaigns.core.actors import Actor
from tests.browser.scene import Scene


def a_picture(width: int = 320, height: int = 160) -> bytes:
    """Draw a small picture: one green, as a PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    row = b"\x00" + bytes((90, 130, 110)) * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", compress(row * height))
        + chunk(b"IEND", b"")
    )


def write_and_sign(
    scene: Scene, session: Session, owner: Actor, reviewer: Actor
) -> dict[str, Lesson]:
    """Have the library signed; one email waits, and one is under a change asked for."""
    now = scene.clock.now()
    written = starter.create_starter(session, now=now, actor=owner)
    waiting = None
    for key, lesson in written.items():
        version = lessons.freeze(session, lesson.id, owner, now)
        review.request(session, owner, version.id, now=now)
        if key == "skin_1":
            waiting = version.id
            continue
        review.approve(session, reviewer, version.id, now=now)
    scene.ids["text_of_lesson"] = written["joint_pain_text"].id
    scene.ids["signed"] = written["newsletter"].id
    picture = pictures.upload(session, owner, a_picture(), now=now)
    draft = lessons.create(
        session,
        owner,
        channel="email",
        name="Every kind of block",
        now=now,
        draft={
            "subject": "We can cure back pain!!!",
            "preheader": "What is new",
            "blocks": [
                {"id": "h1", "type": "heading", "text": "Guaranteed relief"},
                {"id": "t1", "type": "text", "html": "<p>This cures joint pain.</p>"},
                {"id": "b1", "type": "book", "label": "Book now"},
                {"id": "k1", "type": "button", "label": "Read on", "url": "https://clinic.example"},
                {"id": "c1", "type": "call", "label": "Call us"},
                {"id": "d1", "type": "divider"},
                {"id": "s1", "type": "spacer", "height": 20},
                {"id": "i1", "type": "image", "image": picture.name, "alt": "A quiet path"}
                | {"width": picture.width, "height": picture.height},
                {
                    "id": "m1",
                    "type": "columns",
                    "left": [{"id": "m2", "type": "heading", "text": "Left"}],
                    "right": [],
                },
                {"id": "r1", "type": "reviewed_by"},
                {"id": "n1", "type": "disclaimer"},
                {"id": "f1", "type": "footer"},
            ],
        },
    )
    scene.ids["draft_email"] = draft.id
    assert waiting is not None
    scene.ids["waiting"] = waiting
    text = lessons.create(
        session,
        owner,
        channel="sms",
        name="A text to mend",
        now=now,
        draft={"body": "Your “new” note is here – have a look:", "link": "book"},
    )
    scene.ids["draft_text"] = text.id
    archived = lessons.create(session, owner, channel="sms", name="An old text", now=now)
    lessons.archive(session, owner, archived.id, now=now)
    return written
