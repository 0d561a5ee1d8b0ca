"""The key ring: made once, kept private, never silently replaced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.core import keys
from campaigns.core.errors import NotConfigured


def test_a_ring_is_made_once_with_a_private_mode(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = keys.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.load_or_create(path) == first


def test_two_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from campaigns.core import keys;"
        "print(keys.load_or_create(pathlib.Path(sys.argv[1])).address_hash('email', 'a@b.example'))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "keys.json")], stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in started}) == 1


@pytest.mark.parametrize("content", ["", "{}", '{"suppression": []}', "not json"])
def test_an_unreadable_ring_is_refused_and_left_as_it_was(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(NotConfigured, match="key ring"):
        keys.load_or_create(path)
    assert path.read_text() == content


def test_an_operators_secret_changes_forms_and_never_opt_outs() -> None:
    ring = keys.new_key_ring()
    own = keys.with_session_secret(ring, "a secret of at least thirty-two characters")
    assert own.current("session") != ring.current("session")
    assert own.address_hash("email", "a@b.example") == ring.address_hash("email", "a@b.example")
    assert own.all("tokens") == ring.all("tokens")


def test_hashes_of_old_keys_are_still_looked_up() -> None:
    old = keys.new_key_ring()
    key = old.current("suppression")
    new = keys.Key(kid=2, secret=b"x" * 32)
    rotated = keys.KeyRing({**old.keys, "suppression": (new, key)})
    before = old.address_hash("sms", "+12125550100")
    assert before in rotated.address_hashes("sms", "+12125550100")
    assert rotated.address_hash("sms", "+12125550100") != before
