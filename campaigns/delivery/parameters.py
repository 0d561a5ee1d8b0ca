"""Parameters of the gate's statement: what ``facts.Frame`` gives it besides people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Integer, bindparam

from campaigns.core.db import UtcDateTime


def flag(name: str) -> Any:
    """Return a parameter of the frame that is true or false."""
    return bindparam(name, type_=Boolean())


def moment(name: str) -> Any:
    """Return a parameter of the frame that is an instant."""
    return bindparam(name, type_=UtcDateTime())


def number(name: str) -> Any:
    """Return a parameter of the frame that is a number."""
    return bindparam(name, type_=Integer())
