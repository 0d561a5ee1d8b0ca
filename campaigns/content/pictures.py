"""Pictures for emails: checked by their bytes, stripped of hidden data, under random names.

Only PNG and JPEG. The size comes from the file's own header. Everything that is not
needed to draw the picture (place, camera, comments) is left out when it is stored.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.content.models import Image
from campaigns.core.actors import Actor
from campaigns.core.errors import InvalidInput

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 4000
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM"}
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = {0x01, *range(0xD0, 0xD8)}


@dataclass(frozen=True, slots=True)
class Picture:
    """A checked picture."""

    media_type: str
    width: int
    height: int
    content: bytes


def upload(session: Session, actor: Actor, content: bytes, *, now: datetime) -> Image:
    """Store a picture; the same picture is stored once.

    Raises: InvalidInput with what is wrong and what to do.
    """
    picture = read(content)
    digest = hashlib.sha256(picture.content).hexdigest()
    found = session.scalar(select(Image).where(Image.sha256 == digest).limit(1))
    if found is not None:
        return found
    image = Image(
        name=secrets.token_urlsafe(24),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        sha256=digest,
        content=picture.content,
        created_at=now,
    )
    session.add(image)
    session.flush()
    audit.append(
        session, actor, "image.uploaded", subject_kind="image", subject_id=image.id, now=now
    )
    return image


def find(session: Session, name: str) -> Image | None:
    """Return the picture with this name."""
    return session.scalar(select(Image).where(Image.name == name))


def read(content: bytes) -> Picture:
    """Check a file and return it without hidden data."""
    if len(content) > MAX_BYTES:
        raise _refuse(
            f"This picture is larger than {MAX_BYTES // 1024 // 1024} MB. Make it smaller first."
        )
    try:
        if content.startswith(_PNG):
            picture = _read_png(content)
        elif content.startswith(b"\xff\xd8\xff"):
            picture = _read_jpeg(content)
        else:
            raise _refuse("Only PNG and JPEG pictures can be used. Save it as one of these.")
    except (struct.error, IndexError, ValueError) as error:
        raise _refuse("This file is damaged and cannot be read. Save the picture again.") from error
    if not (1 <= picture.width <= MAX_SIDE and 1 <= picture.height <= MAX_SIDE):
        raise _refuse(f"A picture may be at most {MAX_SIDE} by {MAX_SIDE} points. Make it smaller.")
    return picture


def _refuse(message: str) -> InvalidInput:
    return InvalidInput("image", message, fields={"image": message})


def _read_png(content: bytes) -> Picture:
    kept = [_PNG]
    position, width, height, ended, drawn = len(_PNG), 0, 0, False, False
    while not ended:
        (length,) = struct.unpack_from(">I", content, position)
        kind = content[position + 4 : position + 8]
        body = content[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", content, position + 8 + length)
        if len(body) != length or zlib.crc32(kind + body) != checksum:
            raise ValueError("a chunk is damaged")
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", body)
        if kind in _PNG_KEPT:
            kept.append(content[position : position + 12 + length])
        drawn = drawn or kind == b"IDAT"
        ended = kind == b"IEND"
        position += 12 + length
    if not drawn:
        raise ValueError("no image data")
    return Picture("image/png", width, height, b"".join(kept))


def _read_jpeg(content: bytes) -> Picture:
    kept = [b"\xff\xd8"]
    position, width, height = 2, 0, 0
    while True:
        if content[position] != 0xFF:
            raise ValueError("a marker is missing")
        while content[position + 1] == 0xFF:
            position += 1
        marker = content[position + 1]
        if marker in _JPEG_ALONE:
            position += 2
            continue
        if marker == 0xD9:
            raise ValueError("no image data")
        (length,) = struct.unpack_from(">H", content, position + 2)
        segment = content[position : position + 2 + length]
        if length < 2 or len(segment) != 2 + length:
            raise ValueError("a segment is cut off")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
        if marker == 0xDA:  # the picture itself follows, up to the end mark
            end = content.rfind(b"\xff\xd9")
            if end < position or not width:
                raise ValueError("the picture is cut off")
            kept.append(content[position : end + 2])
            return Picture("image/jpeg", width, height, b"".join(kept))
        # APP0 and APP14 say how colours are stored; all other APPn and comments are hidden data.
        if not (0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)):
            kept.append(segment)
        position += 2 + length
