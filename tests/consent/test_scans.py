"""Scans of signed forms: what is taken in, that they are sealed, whole, and erasable."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.consent import scans
from campaigns.consent.models import Scan
from campaigns.core import keys as key_rings
from campaigns.core.actors import SYSTEM
from campaigns.core.clock import FixedClock
from campaigns.core.db import Database
from campaigns.core.errors import InvalidInput, NotConfigured, NotFound
from tests.factories.contacts import make_contact

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 40
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40
WEBP = b"RIFF\x20\x00\x00\x00WEBPVP8 " + b"\x00" * 40


@pytest.fixture
def store(db: Database, tmp_path: Path) -> scans.Store:
    return scans.Store(tmp_path / scans.FOLDER, db.keys)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PDF, scans.PDF), (PNG, scans.PNG), (JPEG, scans.JPEG), (WEBP, scans.WEBP)],
)
def test_a_scan_is_known_by_its_bytes_and_lies_sealed(
    store: scans.Store, content: bytes, kind: str
) -> None:
    kept = store.put(content, filename="C:\\Scans\\Ana Ruiz.exe")
    assert (kept.media_type, kept.filename) == (kind, "Ana Ruiz.exe")
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    (path,) = store.folder.iterdir()
    assert content[:12] not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert store.get(kept.sha256) == content
    assert store.put(content).sha256 == kept.sha256
    assert len(list(store.folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "scan_empty", "empty"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "scan_heic", "Most compatible"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "scan_heic", "HEIC"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "scan_kind", "no PDF"),
        (b"<html><script>alert(1)</script>", "scan_kind", "no PDF"),
        (b"GIF89a" + b"\x00" * 40, "scan_kind", "no PDF"),
        (b"MZ" + b"\x00" * 40, "scan_kind", "no PDF"),
        (JPEG + b"\x00" * scans.MAX_BYTES, "scan_too_big", "10 MB"),
    ],
)
def test_what_is_no_scan_is_refused_in_words(
    store: scans.Store, content: bytes, code: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        store.put(content, filename="form.pdf")
    assert caught.value.code == code
    assert not store.folder.exists()


def test_a_file_put_in_place_of_another_does_not_open(store: scans.Store) -> None:
    one, two = store.put(PDF), store.put(PNG)
    folder = store.folder
    (folder / f"{one.sha256}.sealed").replace(folder / f"{two.sha256}.sealed")
    with pytest.raises(NotConfigured):
        store.get(two.sha256)
    with pytest.raises(NotFound, match="backup"):
        store.get(one.sha256)
    with pytest.raises(NotConfigured):
        scans.Store(folder, key_rings.new_key_ring()).get(two.sha256)
    with pytest.raises(NotFound):
        store.get("../../keys.json")


def test_a_writer_that_is_killed_leaves_no_half_scan(store: scans.Store, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from campaigns.core import faults, keys\n"
        "from campaigns.consent import scans\n"
        "faults.install_from('scan.half_written:kill')\n"
        "store = scans.Store(Path(sys.argv[1]), keys.new_key_ring())\n"
        "store.put(b'%PDF-' + b'x' * 2_000_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store.folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    left = list(store.folder.iterdir())
    assert [path.suffix for path in left] == [".part"]
    kept = store.put(b"%PDF-" + b"x" * 2_000_000)
    assert len(store.get(kept.sha256)) == 2_000_005
    old = left[0].stat().st_mtime - 3 * 86400
    os.utime(left[0], (old, old))
    assert store.sweep({kept.sha256}, now=datetime.now(UTC)) == 1
    assert [path.suffix for path in store.folder.iterdir()] == [".sealed"]


def test_a_scan_is_erased_with_the_person_and_stays_for_another(
    each_db: Database, tmp_path: Path, clock: FixedClock
) -> None:
    store = scans.Store(tmp_path / scans.FOLDER, each_db.keys)
    shared, own = store.put(PDF, filename="both.pdf"), store.put(PNG, filename="ana.png")
    now = clock.now()
    with each_db.transaction() as session:
        ana, ben = make_contact(session, now=now).id, make_contact(session, now=now).id
        for stored, contact_id in ((shared, ana), (own, ana), (shared, ben)):
            scans.record(session, SYSTEM, stored, contact_id=contact_id, now=now)
    with each_db.transaction() as session:
        assert scans.erase(session, SYSTEM, ana, now=now) == [own.sha256]
        assert scans.erase(session, SYSTEM, ana, now=now) == []
        assert scans.known(session) == {shared.sha256}
        rows = session.scalars(select(Scan).order_by(Scan.id)).all()
        assert [(r.filename, r.erased_at is None) for r in rows] == [
            ("", False),
            ("", False),
            ("both.pdf", True),
        ]
        with pytest.raises(NotFound, match="erased"):
            scans.get(session, rows[0].id)
    store.remove(own.sha256)
    assert not store.has(own.sha256)
    assert store.has(shared.sha256)
    assert store.sweep({shared.sha256}, now=now + timedelta(days=900)) == 0
