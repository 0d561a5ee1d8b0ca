"""Pictures: checked by their bytes, and stripped of what they hide."""

from __future__ import annotations

import struct
import zlib

import pytest

from campaigns.content import pictures
from campaigns.core.actors import SYSTEM
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput
from tests.conftest import NOON

SECRET = b"GPS 12 Hidden Lane"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 4, height: int = 3) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"eXIf", SECRET)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 40))
        + chunk(b"IEND", b"")
        + SECRET
    )


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width: int = 5, height: int = 6) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\x00")
        + segment(0xE1, b"Exif\x00\x00" + SECRET)
        + segment(0xFE, SECRET)
        + segment(0xC0, frame)
        + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + b"\x12\x34\xff\x00\x56"
        + b"\xff\xd9"
        + SECRET
    )


@pytest.mark.parametrize(
    ("file", "media_type", "size"),
    [(png(), "image/png", (4, 3)), (jpeg(), "image/jpeg", (5, 6))],
)
def test_size_is_read_and_hidden_data_left_out(
    file: bytes, media_type: str, size: tuple[int, int]
) -> None:
    picture = pictures.read(file)
    assert picture.media_type == media_type
    assert (picture.width, picture.height) == size
    assert SECRET not in picture.content
    assert pictures.read(picture.content) == picture


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "Only PNG and JPEG"),
        (b"GIF89a", "Only PNG and JPEG"),
        (b"<svg onload=alert(1)>", "Only PNG and JPEG"),
        (png()[:40], "damaged"),
        (png().replace(b"IDAT", b"IDAX"), "damaged"),
        (jpeg()[:30], "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (png(width=4001), "at most 4000"),
        (png(width=0), "at most 4000"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * pictures.MAX_BYTES, "larger than 2 MB"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(file: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        pictures.read(file)


def test_the_same_picture_is_stored_once_under_a_random_name(each_db: Database) -> None:
    with each_db.transaction() as session:
        first = pictures.upload(session, SYSTEM, png(), now=NOON)
        again = pictures.upload(session, SYSTEM, png(), now=NOON)
        assert again.id == first.id
        found = pictures.find(session, first.name)
        assert found is not None
        assert len(found.name) >= 30
        assert pictures.find(session, "nothing") is None
