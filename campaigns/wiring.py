"""The one place where parts are joined: Settings in, Services out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from campaigns.audience import interests
from campaigns.bookings import ledger as bookings
from campaigns.consent import merging
from campaigns.core import keys as key_rings
from campaigns.core.clock import Clock, ScaledClock, SystemClock
from campaigns.core.db import Database
from campaigns.core.errors import NotConfigured
from campaigns.core.keys import KeyRing
from campaigns.core.settings import EmailProvider, Settings, SmsProvider
from campaigns.core.signing import Tokens
from campaigns.delivery import group_fields as delivery_fields
from campaigns.delivery import merging as delivery_merging
from campaigns.delivery.ports import EmailSender, SmsSender
from campaigns.drips import group_fields as drip_fields
from campaigns.drips import merging as drip_merging
from campaigns.events import merging as event_merging

drip_fields.register()
delivery_fields.register()
for code, move in (
    ("bookings", bookings.move),
    ("interests", interests.move),
    ("drips", drip_merging.move),
    ("messages", delivery_merging.move),
    ("replies", event_merging.move),
):
    merging.register_move(code, move)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a surface or a job needs, made once for each process."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    tokens: Tokens
    db: Database
    email: EmailSender
    sms: SmsSender

    @property
    def public_url(self) -> str:
        """The address under which patients and providers reach this service."""
        return self.settings.public_url or f"http://127.0.0.1:{self.settings.port}"


def build(settings: Settings) -> Services:
    """Join the parts. Opens no connection yet; makes the key ring for a new database.

    Raises: NotConfigured when the key ring of a database that is in use is missing.
    """
    if not settings.key_ring_path.exists():
        _require_new_database(settings)
    keys = key_rings.load_or_create(settings.key_ring_path)
    if settings.secret_key is not None:
        keys = key_rings.with_session_secret(keys, settings.secret_key.get_secret_value())
    db = Database(settings.resolved_database_url, keys=keys)
    clock = build_clock(settings)
    return Services(
        settings=settings,
        clock=clock,
        keys=keys,
        tokens=Tokens(keys),
        db=db,
        email=_email_sender(settings, db, clock),
        sms=_sms_sender(settings, db, clock),
    )


def _require_new_database(settings: Settings) -> None:
    """Raise NotConfigured for a database in use: a new ring would recognise no opt-out of it."""
    url = settings.resolved_database_url
    if settings.is_sqlite and not Path(url.removeprefix("sqlite:///")).exists():
        return
    from campaigns.core import schema

    db = Database(url, keys=key_rings.new_key_ring())
    try:
        in_use = schema.current(db) is not None
    finally:
        db.dispose()
    if in_use:
        raise NotConfigured(
            "key_ring_missing",
            f"The key ring {settings.key_ring_path} is missing, and the database is in use. "
            "Restore the file from a backup: without it, opt-outs and links in messages already "
            "sent cannot be recognised. Nothing was changed.",
        )


def build_clock(settings: Settings) -> Clock:
    """Return the machine's clock, or the demonstration's."""
    if settings.clock_origin is None or settings.clock_started_at is None:
        return SystemClock()
    return ScaledClock(
        settings.clock_origin, started_at=settings.clock_started_at, factor=settings.clock_factor
    )


def _email_sender(settings: Settings, db: Database, clock: Clock) -> EmailSender:
    if settings.email_provider is EmailProvider.SENDGRID:
        from campaigns.providers.sendgrid import SendGridSender

        return SendGridSender.from_settings(settings)
    if settings.email_provider is EmailProvider.SMTP:
        from campaigns.providers.smtp import SmtpSender

        return SmtpSender.from_settings(settings)
    from campaigns.providers.local import LocalEmailSender

    return LocalEmailSender(db, clock)


def _sms_sender(settings: Settings, db: Database, clock: Clock) -> SmsSender:
    if settings.sms_provider is SmsProvider.TWILIO:
        from campaigns.providers.twilio import TwilioSender

        return TwilioSender.from_settings(settings)
    from campaigns.providers.local import LocalSmsSender

    return LocalSmsSender(db, clock)
