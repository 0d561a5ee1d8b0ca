"""The staff blueprint: who is signed in, what they may do, how errors are shown."""

from __future__ import annotations

from flask import Blueprint

from campaigns.core.actors import Actor, ActorKind

bp = Blueprint("staff", __name__, url_prefix="/staff")


def actor() -> Actor:
    """Return the signed-in member of staff as an actor for domain functions."""
    return Actor(kind=ActorKind.STAFF, id=None, name="")
