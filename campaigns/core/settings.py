"""Typed settings, read once from the environment and ``.env``; the only reader of either.

All faults are collected and reported together, each by the variable's name, so that an
operator mends them in one go. There are no defaults for secrets. What belongs to the
clinic and not to the machine (brand, hours, caps) lives in the database instead.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from campaigns.core.errors import NotConfigured

MIN_SECRET = 32
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")


class EmailProvider(StrEnum):
    """Where email goes."""

    LOCAL = "local"
    SENDGRID = "sendgrid"
    SMTP = "smtp"


class SmsProvider(StrEnum):
    """Where text messages go."""

    LOCAL = "local"
    TWILIO = "twilio"


class Engine(StrEnum):
    """What wakes the work up."""

    EMBEDDED = "embedded"
    PROCRASTINATE = "procrastinate"


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a full address that starts with http:// or https://")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must not carry a user name, a query or a fragment")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


def is_loopback(url: str) -> bool:
    """Tell whether an address leads to this machine only."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    """Everything that the machine's operator decides. Frozen; secrets hide in ``repr``."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    data_dir: Path = Field(Path("data"), alias="CAMPAIGNS_DATA_DIR")
    database_url: str = Field("", alias="CAMPAIGNS_DATABASE_URL")
    public_url: HttpUrl | None = Field(None, alias="CAMPAIGNS_PUBLIC_URL")
    secret_key: SecretStr | None = Field(None, alias="CAMPAIGNS_SECRET_KEY")
    engine: Engine = Field(Engine.EMBEDDED, alias="CAMPAIGNS_ENGINE")
    host: str = Field("127.0.0.1", alias="CAMPAIGNS_HOST")
    port: int = Field(8000, alias="CAMPAIGNS_PORT", ge=1, le=65535)
    trusted_proxies: int = Field(0, alias="CAMPAIGNS_TRUSTED_PROXIES", ge=0, le=10)
    """How many proxies of our own stand before the service; only they may name a caller."""
    web_workers: int = Field(1, alias="CAMPAIGNS_WEB_WORKERS", ge=1, le=64)
    log_level: str = Field("INFO", alias="CAMPAIGNS_LOG_LEVEL")
    log_plain: bool = Field(False, alias="CAMPAIGNS_LOG_PLAIN")
    require_second_factor: bool = Field(True, alias="CAMPAIGNS_REQUIRE_SECOND_FACTOR")

    email_provider: EmailProvider = Field(EmailProvider.LOCAL, alias="CAMPAIGNS_EMAIL_PROVIDER")
    sms_provider: SmsProvider = Field(SmsProvider.LOCAL, alias="CAMPAIGNS_SMS_PROVIDER")
    email_batch_size: int = Field(500, alias="CAMPAIGNS_EMAIL_BATCH_SIZE", ge=1, le=1000)
    sms_in_flight: int = Field(8, alias="CAMPAIGNS_SMS_IN_FLIGHT", ge=1, le=64)
    sms_per_second: float = Field(1.0, alias="CAMPAIGNS_SMS_PER_SECOND", gt=0, le=1000)
    inbound_email_domain: str | None = Field(None, alias="CAMPAIGNS_INBOUND_EMAIL_DOMAIN")
    inbound_email_secret: SecretStr | None = Field(None, alias="CAMPAIGNS_INBOUND_EMAIL_SECRET")
    booking_webhook_secret: SecretStr | None = Field(None, alias="CAMPAIGNS_BOOKING_WEBHOOK_SECRET")

    sendgrid_api_key: SecretStr | None = Field(None, alias="SENDGRID_API_KEY")
    sendgrid_api_url: HttpUrl = Field("https://api.sendgrid.com", alias="SENDGRID_API_URL")
    sendgrid_webhook_public_key: str | None = Field(None, alias="SENDGRID_WEBHOOK_PUBLIC_KEY")
    twilio_account_sid: str | None = Field(None, alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr | None = Field(None, alias="TWILIO_AUTH_TOKEN")
    twilio_api_url: HttpUrl = Field("https://api.twilio.com", alias="TWILIO_API_URL")
    twilio_messaging_service_sid: str | None = Field(None, alias="TWILIO_MESSAGING_SERVICE_SID")
    twilio_from: str | None = Field(None, alias="TWILIO_FROM")
    smtp_host: str | None = Field(None, alias="CAMPAIGNS_SMTP_HOST")
    smtp_port: int = Field(587, alias="CAMPAIGNS_SMTP_PORT", ge=1, le=65535)
    smtp_username: str | None = Field(None, alias="CAMPAIGNS_SMTP_USERNAME")
    smtp_password: SecretStr | None = Field(None, alias="CAMPAIGNS_SMTP_PASSWORD")
    smtp_starttls: bool = Field(True, alias="CAMPAIGNS_SMTP_STARTTLS")
    smtp_connections: int = Field(4, alias="CAMPAIGNS_SMTP_CONNECTIONS", ge=1, le=32)
    """How many connections to the relay a worker uses at once."""

    clock_origin: datetime | None = Field(None, alias="CAMPAIGNS_CLOCK_ORIGIN")
    clock_started_at: datetime | None = Field(None, alias="CAMPAIGNS_CLOCK_STARTED_AT")
    clock_factor: float = Field(1.0, alias="CAMPAIGNS_CLOCK_FACTOR", gt=0, le=1_000_000)
    demonstration: bool = Field(False, alias="CAMPAIGNS_DEMONSTRATION")
    """Set by ``campaigns run --demo``: serves what stands in for the clinic's other systems."""
    fault: str | None = Field(None, alias="CAMPAIGNS_FAULT")
    """A named point at which this process is to fail, for tests of what a crash does."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from ``load`` alone, which has read the environment once."""
        return (init_settings,)

    @property
    def resolved_database_url(self) -> str:
        """The database's address: the setting, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'campaigns.sqlite3'}"

    @property
    def key_ring_path(self) -> Path:
        """The file that holds the key ring."""
        return self.data_dir / "keys.json"

    @property
    def is_local(self) -> bool:
        """Whether nothing this service sends can leave the machine."""
        email_ok = self.email_provider is EmailProvider.LOCAL or (
            self.email_provider is EmailProvider.SENDGRID and is_loopback(self.sendgrid_api_url)
        )
        sms_ok = self.sms_provider is SmsProvider.LOCAL or is_loopback(self.twilio_api_url)
        return email_ok and sms_ok

    @property
    def is_demonstration(self) -> bool:
        """Whether what stands in for a clinic's other systems is served: on this machine only."""
        return self.demonstration and self.is_local and is_loopback(self.public_url or "")

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.resolved_database_url.startswith("sqlite")

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        faults = list(_faults_together(self))
        if faults:
            raise ValueError("\n".join(faults))
        return self


def _faults_together(s: Settings) -> list[str]:
    faults: list[str] = []

    def need(value: object, name: str, why: str) -> None:
        if not value:
            faults.append(f"{name}: is missing; {why}")

    if s.email_provider is EmailProvider.SENDGRID:
        why = "CAMPAIGNS_EMAIL_PROVIDER=sendgrid needs it"
        need(s.sendgrid_api_key, "SENDGRID_API_KEY", why)
        need(
            s.sendgrid_webhook_public_key,
            "SENDGRID_WEBHOOK_PUBLIC_KEY",
            why + " (bounces and unsubscribes are accepted only when their signature is checked)",
        )
    if s.email_provider is EmailProvider.SMTP:
        need(s.smtp_host, "CAMPAIGNS_SMTP_HOST", "CAMPAIGNS_EMAIL_PROVIDER=smtp needs it")
    if s.sms_provider is SmsProvider.TWILIO:
        why = "CAMPAIGNS_SMS_PROVIDER=twilio needs it"
        need(s.twilio_account_sid, "TWILIO_ACCOUNT_SID", why)
        need(s.twilio_auth_token, "TWILIO_AUTH_TOKEN", why)
        if not (s.twilio_messaging_service_sid or s.twilio_from):
            faults.append(
                "TWILIO_MESSAGING_SERVICE_SID: is missing; "
                f"{why}, or TWILIO_FROM (the sending number) in its place"
            )
    if s.inbound_email_domain:
        need(
            s.inbound_email_secret,
            "CAMPAIGNS_INBOUND_EMAIL_SECRET",
            "CAMPAIGNS_INBOUND_EMAIL_DOMAIN needs it, or mail to that domain would be refused",
        )
        if not _DOMAIN.fullmatch(s.inbound_email_domain):
            faults.append(
                "CAMPAIGNS_INBOUND_EMAIL_DOMAIN: is not a domain; give it like in.example.com"
            )
    if s.secret_key is not None and len(s.secret_key.get_secret_value()) < MIN_SECRET:
        faults.append(
            f"CAMPAIGNS_SECRET_KEY: needs at least {MIN_SECRET} characters; leave it out to use "
            "the key that is kept in the key ring"
        )
    if s.database_url and not s.database_url.startswith(("sqlite:///", "postgresql")):
        faults.append(
            "CAMPAIGNS_DATABASE_URL: must start with sqlite:/// or postgresql:// "
            "(these two databases are supported)"
        )
    if s.engine is Engine.PROCRASTINATE:
        faults.append(
            "CAMPAIGNS_ENGINE: procrastinate is not available yet; use embedded, "
            "which runs the same work in the worker process"
        )
    if (s.clock_origin is None) != (s.clock_started_at is None):
        faults.append("CAMPAIGNS_CLOCK_ORIGIN: needs CAMPAIGNS_CLOCK_STARTED_AT, and the reverse")
    for name, at in (
        ("CAMPAIGNS_CLOCK_ORIGIN", s.clock_origin),
        ("CAMPAIGNS_CLOCK_STARTED_AT", s.clock_started_at),
    ):
        if at is not None and at.tzinfo is None:
            faults.append(f"{name}: needs a time zone, for example 2026-11-17T16:00:00+00:00")
    if s.clock_origin is not None and not s.is_local:
        faults.append(
            "CAMPAIGNS_CLOCK_ORIGIN: a clock of its own is allowed only with local or loopback "
            "providers, because real messages must keep real hours"
        )
    if s.fault and not s.is_local:
        faults.append(
            "CAMPAIGNS_FAULT: faults on purpose are allowed only with local or loopback providers"
        )
    if not s.require_second_factor and s.public_url and not is_loopback(s.public_url):
        faults.append(
            "CAMPAIGNS_REQUIRE_SECOND_FACTOR: may be off only while CAMPAIGNS_PUBLIC_URL is a "
            "loopback address"
        )
    return faults


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read settings from ``.env``, then the environment, then ``overrides`` by variable name.

    Raises: NotConfigured with one line for each faulty variable.
    """
    values: dict[str, Any] = {}
    if environ is None:
        values.update(_dotenv(Path(os.environ.get("CAMPAIGNS_ENV_FILE", ".env"))))
        environ = os.environ
    values.update({name: value for name, value in environ.items() if value != ""})
    values.update(overrides)
    fields: dict[str, str] = {}
    while True:
        try:
            settings = Settings.model_validate(values)
        except ValidationError as error:
            found = _by_variable(error)
            fields.update({name: fault for name, fault in found.items() if name not in fields})
            faulty = [name for name in found if name in values]
            if not faulty:
                break
            for name in faulty:  # look past these, so that every fault is reported at once
                del values[name]
        else:
            if not fields:
                return settings
            break
    lines = "\n".join(f"  {name}: {fault}" for name, fault in fields.items())
    raise NotConfigured("settings", f"These settings need mending:\n{lines}", fields=fields)


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    return {k: v for k, v in dotenv_values(path).items() if v}


def _by_variable(error: ValidationError) -> dict[str, str]:
    fields: dict[str, str] = {}
    for fault in error.errors():
        if fault["loc"]:
            name = str(fault["loc"][0])
            fields[name] = fault["msg"].removeprefix("Value error, ")
            continue
        for line in fault["msg"].removeprefix("Value error, ").splitlines():
            name, _, text = line.partition(": ")
            fields[name] = text
    return fields
