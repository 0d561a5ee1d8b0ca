"""What a view needs from the running application."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import cast

from flask import current_app
from sqlalchemy.orm import Session

from campaigns.wiring import Services


def services() -> Services:
    """Return the services that the application was made with."""
    return cast(Services, current_app.extensions["campaigns"])


def transaction() -> AbstractContextManager[Session]:
    """Open a write transaction: one for each request that changes something."""
    return services().db.transaction()


def reading() -> AbstractContextManager[Session]:
    """Open a read-only session."""
    return services().db.reading()


def now() -> datetime:
    """Return the present moment from the injected clock, in UTC."""
    return services().clock.now()
