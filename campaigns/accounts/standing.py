"""A person's standing: what sessions were opened under, and die with."""

from __future__ import annotations

import secrets

from campaigns.accounts.models import StaffUser


def new() -> str:
    """Return a fresh random standing."""
    return secrets.token_hex(16)


def renew(user: StaffUser) -> None:
    """End every session of this person at its next request."""
    user.standing = new()
