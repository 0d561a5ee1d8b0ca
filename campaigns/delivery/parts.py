"""What delivery needs of the service's parts, without knowing how they are joined."""

from __future__ import annotations

from typing import Protocol

from campaigns.core.clock import Clock, SystemClock
from campaigns.core.db import Database
from campaigns.core.settings import Settings
from campaigns.core.signing import Tokens
from campaigns.delivery.ports import EmailSender, SmsSender

MACHINE = SystemClock()
"""Leases and rates keep the machine's time: a demonstration's clock runs far too fast."""


class Parts(Protocol):
    """The parts of ``wiring.Services`` that sending uses."""

    @property
    def settings(self) -> Settings:
        """The operator's settings."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock by which people's hours are kept."""
        ...

    @property
    def tokens(self) -> Tokens:
        """Makes the opaque tokens in links."""
        ...

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def email(self) -> EmailSender:
        """The way out for email."""
        ...

    @property
    def sms(self) -> SmsSender:
        """The way out for texts."""
        ...

    @property
    def public_url(self) -> str:
        """The address that links in messages begin with."""
        ...
