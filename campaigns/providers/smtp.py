"""Email through an SMTP relay: one person for each call, a connection kept for each thread.

Nothing is accepted before the relay answers the final dot, so whatever goes wrong earlier
is a definite refusal; after it, a lost connection is uncertain. Where the relay takes
PIPELINING (RFC 2920), an envelope is one round trip and its text another.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
import time
from datetime import timedelta

from campaigns.core.clock import Clock, SystemClock
from campaigns.core.errors import NotConfigured
from campaigns.core.settings import Settings
from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    EmailBatch,
    EmailRecipient,
    Outcome,
    RefusalKind,
    Refused,
    Uncertain,
)
from campaigns.providers.mime import UnsafeHeader, message_bytes

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
MESSAGES_PER_CONNECTION = 500
IDLE_SECONDS = 20.0
GREYLIST_WAIT = timedelta(minutes=10)

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class _Slot(threading.local):
    connection: smtplib.SMTP | None = None
    sent: int = 0
    used_at: float = 0.0


class SmtpSender:
    """Sends one email at a time over a kept connection."""

    name = "smtp"
    max_recipients = 1

    def __init__(
        self,
        *,
        host: str,
        port: int,
        starttls: bool,
        connections: int = 1,
        username: str | None = None,
        password: str | None = None,
        clock: Clock | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._host, self._port, self._starttls = host, port, starttls
        self.in_flight = connections
        self._username, self._password = username, password
        self._clock = clock or SystemClock()
        self._read_seconds = read_seconds
        self._slot = _Slot()

    @classmethod
    def from_settings(cls, settings: Settings) -> SmtpSender:
        """Make the sender from the CAMPAIGNS_SMTP_ settings."""
        if settings.smtp_host is None:
            raise NotConfigured("smtp_host", "CAMPAIGNS_SMTP_HOST is missing.")
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            starttls=settings.smtp_starttls,
            connections=settings.smtp_connections,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        )

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Send to the batch's one person in one attempt."""
        if len(batch.recipients) != 1:
            return _refused(RefusalKind.CONTENT, "recipients", "SMTP carries one person at a time.")
        person = batch.recipients[0]
        if not _ADDRESS.fullmatch(person.address):
            return _refused(RefusalKind.RECIPIENT, "address", "The address is faulty.")
        if not _ADDRESS.fullmatch(batch.sender_email):
            return _refused(RefusalKind.CONFIGURATION, "sender", "The sender's address is faulty.")
        try:
            data = message_bytes(batch, person, at=self._clock.now())
        except (UnsafeHeader, UnicodeError) as error:
            return _refused(RefusalKind.CONTENT, "header", str(error))
        return self._deliver(batch.sender_email, person, data, deadline)

    def close(self) -> None:
        """Close this thread's connection."""
        connection, self._slot.connection = self._slot.connection, None
        if connection is not None:
            connection.close()

    def _deliver(
        self, sender: str, person: EmailRecipient, data: bytes, deadline: Deadline
    ) -> Outcome:
        try:
            connection, code, words = self._offer(sender, person.address, deadline)
        except _TooLate:
            self.close()
            return _refused(RefusalKind.TEMPORARY, "deadline", "The time to send had passed.")
        except smtplib.SMTPRecipientsRefused as error:
            return _of_recipient(*error.recipients[person.address])
        except smtplib.SMTPResponseException as error:
            self.close()
            return _configuration_or_later(error)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return _refused(RefusalKind.TEMPORARY, "connect_failed", type(error).__name__)
        if code != 354:  # answered before the text was sent
            self._reset(connection)
            return _of_message(code, words)
        if time.monotonic() >= deadline.monotonic:
            self.close()  # without the final dot nothing was handed over
            return _refused(RefusalKind.TEMPORARY, "deadline", "The time to send had passed.")
        try:
            connection.send(_stuffed(data) + b".\r\n")
            code, words = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Uncertain(reason=f"connection lost after DATA: {type(error).__name__}")
        self._slot.sent += 1
        self._slot.used_at = time.monotonic()
        if 200 <= code < 300:
            return Accepted(provider_id=person.message_token, status_code=code)
        self._reset(connection)
        return _of_message(code, words)

    def _offer(
        self, sender: str, address: str, deadline: Deadline
    ) -> tuple[smtplib.SMTP, int, bytes]:
        """Hand over the envelope; return the connection and its answer to DATA.

        A kept connection that turns out to be dead is replaced once: no text has left yet.

        Raises: SMTPRecipientsRefused, and whatever of smtplib speaks of the connection.
        """
        kept = self._slot.connection
        fresh = time.monotonic() - self._slot.used_at < IDLE_SECONDS
        if kept is not None and fresh and self._slot.sent < MESSAGES_PER_CONNECTION:
            try:
                return kept, *self._envelope(kept, sender, address, deadline)
            except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused):
                raise
            except (OSError, smtplib.SMTPServerDisconnected):
                pass
        self.close()
        made = self._connect()
        return made, *self._envelope(made, sender, address, deadline)

    def _envelope(
        self, connection: smtplib.SMTP, sender: str, address: str, deadline: Deadline
    ) -> tuple[int, bytes]:
        lines = (f"MAIL FROM:<{sender}>", f"RCPT TO:<{address}>", "DATA")
        if time.monotonic() >= deadline.monotonic:
            raise _TooLate
        if not connection.has_extn("pipelining"):
            _check_sender(connection.docmd(lines[0]), sender)
            rcpt = connection.docmd(lines[1])
            if rcpt[0] not in (250, 251):
                self._reset(connection)
                raise smtplib.SMTPRecipientsRefused({address: rcpt})
            return connection.docmd(lines[2])
        connection.send("".join(f"{line}\r\n" for line in lines).encode("ascii"))
        mail, rcpt, data = (connection.getreply() for _ in lines)
        if mail[0] == 250 and rcpt[0] in (250, 251):
            return data
        if data[0] == 354:  # it waits for a text all the same: an empty one goes to nobody
            connection.send(b".\r\n")
            connection.getreply()
        _check_sender(mail, sender)
        self._reset(connection)
        raise smtplib.SMTPRecipientsRefused({address: rcpt})

    def _connect(self) -> smtplib.SMTP:
        """Open a connection and keep it for this thread."""
        connection = smtplib.SMTP(timeout=CONNECT_SECONDS)
        try:
            connection.connect(self._host, self._port)
            if connection.sock is not None:
                connection.sock.settimeout(self._read_seconds)
            connection.timeout = self._read_seconds
            connection._host = self._host  # type: ignore[attr-defined]  # server_hostname of TLS
            connection.ehlo_or_helo_if_needed()
            if self._starttls:
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            if self._username:
                connection.login(self._username, self._password or "")
        except BaseException:
            connection.close()
            raise
        self._slot.connection, self._slot.sent = connection, 0
        self._slot.used_at = time.monotonic()
        return connection

    def _reset(self, connection: smtplib.SMTP) -> None:
        try:
            connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()


class _TooLate(Exception):
    """The deadline passed before anything was handed over."""


def _stuffed(data: bytes) -> bytes:
    """Double each dot that begins a line (RFC 5321, 4.5.2)."""
    first = b"." if data.startswith(b".") else b""
    return first + data.replace(b"\n.", b"\n..")


def _check_sender(answer: tuple[int, bytes], sender: str) -> None:
    code, words = answer
    if code == 421:
        raise smtplib.SMTPServerDisconnected("the relay closed the connection")
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, words, sender)


def _refused(
    kind: RefusalKind,
    code: str,
    reason: str,
    *,
    status: int | None = None,
    wait: timedelta | None = None,
) -> Refused:
    return Refused(kind=kind, code=code, reason=reason[:500], status_code=status, retry_after=wait)


def _words(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _configuration_or_later(error: smtplib.SMTPResponseException) -> Refused:
    """Greeting, TLS, log-in or MAIL FROM was refused: 4xx passes, 5xx is our account."""
    later = 400 <= error.smtp_code < 500
    return _refused(
        RefusalKind.TEMPORARY if later else RefusalKind.CONFIGURATION,
        str(error.smtp_code),
        _words(error.smtp_error),
        status=error.smtp_code,
    )


def _of_recipient(code: int, words: bytes | str) -> Refused:
    text = _words(words)
    if 400 <= code < 500:  # greylisting, mostly
        kind, wait = RefusalKind.TEMPORARY, GREYLIST_WAIT
        return _refused(kind, str(code), text, status=code, wait=wait)
    enhanced = _ENHANCED.search(text)
    subject = enhanced.group(2) if enhanced else ""
    if subject == "7":  # policy: the relay does not let us, or the receiver does not want us
        return _refused(RefusalKind.RECIPIENT_SOFT, str(code), text, status=code)
    if subject == "2" and enhanced and enhanced.group(3) != "1":  # mailbox full
        return _refused(RefusalKind.RECIPIENT_SOFT, str(code), text, status=code)
    return _refused(RefusalKind.RECIPIENT, str(code), text, status=code)


def _of_message(code: int, words: bytes | str) -> Outcome:
    text = _words(words)
    if 400 <= code < 500:
        return _refused(RefusalKind.TEMPORARY, str(code), text, status=code, wait=GREYLIST_WAIT)
    if 500 <= code < 600:
        return _refused(RefusalKind.CONTENT, str(code), text, status=code)
    return Uncertain(reason=f"the relay answered {code}", status_code=code)
