"""Texts through Twilio: the official SDK over our own transport, one POST for each text."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.util import make_headers

from campaigns.core.errors import NotConfigured
from campaigns.core.settings import Settings
from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    Found,
    Outcome,
    Received,
    RefusalKind,
    Refused,
    SmsLookup,
    TextMessage,
    Uncertain,
    digest_of,
)
from campaigns.providers import replies, twilio_codes
from campaigns.providers.transport import Lost, NotSent, Reply, Transport

VENDOR_HOST = "api.twilio.com"
MAX_BODY_CHARACTERS = 1600
SHORTEST_VALIDITY = timedelta(seconds=1)
LONGEST_VALIDITY = timedelta(seconds=36_000)
_NOT_PROCESSED = frozenset({413, 429})
_LOOK_UP_LIMIT = 200
_PAGE_SIZE = 1000
_MOST_PAGES = 1000
_WILL_NOT_SHOW = frozenset({401, 403, 404, 405})
_LEEWAY = 60.0


class _Call(threading.local):
    """The deadline and the reply of the call that this thread is making."""

    deadline: Deadline | None = None
    reply: Reply | None = None


class PooledClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK's types are not read
    """Sends every request of the SDK to the configured address, through our transport.

    One place decides where requests may go: the vendor's API host becomes ``api_url``,
    any other host is refused. The last reply is kept with its headers, because the SDK's
    exceptions drop them (and with them ``Retry-After``).
    """

    def __init__(self, *, api_url: str, transport: Transport) -> None:
        HttpClient.__init__(self, logger=None, is_async=False, timeout=None)
        self._api_url = api_url
        self._transport = transport
        self.call = _Call()

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send once; never follow a redirect, never retry."""
        target = urlsplit(url)
        if target.hostname != VENDOR_HOST:
            raise NotSent("unknown_host", f"Requests to {target.hostname} are not allowed.")
        address = self._api_url + target.path
        query = "&".join(filter(None, [target.query, urlencode(params or {}, doseq=True)]))
        sent = dict(headers or {})
        if auth:
            sent.update(make_headers(basic_auth=":".join(auth)))
        body = _form(data) if data else None
        if body:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        reply = self._transport.request(
            method.upper(),
            f"{address}?{query}" if query else address,
            headers=sent,
            body=body,
            deadline=self.call.deadline,
        )
        self.call.reply = reply
        return Response(reply.status, reply.body.decode("utf-8", "replace"), reply.headers)


class TwilioSender:
    """Sends texts, and looks one up when its answer never came."""

    name = "twilio"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        status_url: str,
        messaging_service_sid: str | None = None,
        sender: str | None = None,
        transport: Transport | None = None,
        page_size: int = _PAGE_SIZE,
    ) -> None:
        self._page_size = page_size
        self._http = PooledClient(api_url=api_url, transport=transport or Transport())
        self._client = Client(
            account_sid,
            auth_token,
            http_client=self._http,
            # Not empty, or the SDK reads region and edge from the process's environment.
            environment={"TWILIO_REGION": "", "TWILIO_EDGE": ""},
        )
        self._status_url = status_url
        self._origin: dict[str, str] = (
            {"messaging_service_sid": messaging_service_sid}
            if messaging_service_sid
            else {"from_": sender or ""}
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> TwilioSender:
        """Make the sender from the TWILIO_ settings and CAMPAIGNS_PUBLIC_URL."""
        if settings.twilio_account_sid is None or settings.twilio_auth_token is None:
            raise NotConfigured(
                "twilio_account", "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is missing."
            )
        public_url = settings.public_url or f"http://127.0.0.1:{settings.port}"
        return cls(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            api_url=settings.twilio_api_url,
            status_url=f"{public_url}/webhooks/twilio/status/",
            messaging_service_sid=settings.twilio_messaging_service_sid,
            sender=settings.twilio_from,
        )

    def send(self, text: TextMessage, deadline: Deadline) -> Outcome:
        """Send one text in one attempt."""
        if not 1 <= len(text.body) <= MAX_BODY_CHARACTERS:
            return Refused(
                kind=RefusalKind.CONTENT,
                code="21602" if not text.body else "21617",
                reason=f"A text has 1 to {MAX_BODY_CHARACTERS:,} characters.",
            )
        validity = min(max(text.validity, SHORTEST_VALIDITY), LONGEST_VALIDITY)
        call = self._http.call
        call.deadline, call.reply = deadline, None
        try:
            message = self._client.messages.create(
                to=text.to,
                body=text.body,
                status_callback=self._status_url + text.message_token,
                validity_period=int(validity.total_seconds()),
                smart_encoded=True,
                **self._origin,
            )
        except NotSent as not_sent:
            return Refused(kind=RefusalKind.TEMPORARY, code=not_sent.code, reason=not_sent.reason)
        except Lost as lost:
            return Uncertain(reason=lost.reason, status_code=lost.status)
        except (TwilioException, ValueError, KeyError, TypeError):
            return _outcome_of(call.reply)
        return Accepted(provider_id=message.sid, status_code=_status(call.reply))

    def received(self, since: datetime) -> list[Received]:
        """Return the texts that people sent to our number, or to our service, oldest first.

        The list comes newest first and is read page by page down to ``since``.

        Raises: PermissionError when Twilio will not show its list; OSError when it cannot
        be asked.
        """
        self._http.call.deadline, self._http.call.reply = None, None
        to = {"to": self._origin["from_"]} if "from_" in self._origin else {}
        found: list[Received] = []
        try:
            page = self._client.messages.page(
                date_sent_after=since, page_size=self._page_size, **to
            )
            for _number in range(_MOST_PAGES):
                messages = list(page)
                found += filter(None, (self._incoming(one, since) for one in messages))
                if page.next_page_url is None or _all_older(messages, since):
                    return found[::-1]
                page = page.next_page()
        except (NotSent, Lost, TwilioException, ValueError, KeyError, TypeError) as error:
            reply = self._http.call.reply
            kind = PermissionError if reply and reply.status in _WILL_NOT_SHOW else OSError
            status = f" (status {reply.status})" if reply else ""
            raise kind(f"Twilio's list of replies cannot be read{status}: {error}") from error
        raise OSError("Twilio's list of replies does not end.")

    def _incoming(self, message: Any, since: datetime) -> Received | None:
        """Return an entry of the list if it is a text to us that is young enough."""
        at = _sent_at(message)
        if message.direction != "inbound" or at is None or at < since:
            return None
        service = self._origin.get("messaging_service_sid")
        if service is not None and message.messaging_service_sid not in (service, None, ""):
            return None
        return Received(
            sid=str(message.sid),
            account=str(message.account_sid),
            sender=str(message.from_ or ""),
            to=str(message.to or ""),
            body=str(message.body or ""),
            media=int(message.num_media or 0),
            sent_at=at,
        )

    def find(self, lookup: SmsLookup) -> Found | None:
        """Search the texts to this number for one with the same body that is young enough.

        Raises: OSError when Twilio cannot be asked.
        """
        self._http.call.deadline, self._http.call.reply = None, None
        try:
            listed = self._client.messages.list(
                to=lookup.to, limit=_LOOK_UP_LIMIT, page_size=_LOOK_UP_LIMIT
            )
        except (NotSent, Lost, TwilioException, ValueError, KeyError, TypeError) as error:
            raise OSError(f"Twilio's list of messages cannot be read: {error}") from error
        for message in listed:
            if not _is_candidate(message, lookup):
                continue
            if digest_of(message.body or "") == lookup.digest:
                return Found(provider_id=str(message.sid))
        return None


_quoted = lru_cache(maxsize=256)(quote_plus)


def _form(data: Mapping[str, object]) -> bytes:
    """Write fields as a form; what stays the same from text to text is encoded once."""
    pairs = [
        (name, one)
        for name, value in data.items()
        for one in (value if isinstance(value, list | tuple) else (value,))
    ]
    return "&".join([f"{_quoted(name)}={quote_plus(str(one))}" for name, one in pairs]).encode()


def _outcome_of(reply: Reply | None) -> Outcome:
    """Read an answer of which the SDK made an exception."""
    if reply is None:
        return Uncertain(reason="the SDK failed before an answer was read")
    status = reply.status
    if 200 <= status < 300:
        return Accepted(provider_id=None, status_code=status)
    error = (replies.json_object(reply.body) if reply.complete else None) or {}
    code = error.get("code")
    shaped = isinstance(code, int) and ("message" in error or "title" in error)
    if status >= 500 or status < 400 or status == 408:
        return Uncertain(reason=f"Twilio answered {status}", status_code=status)
    if not shaped and status not in _NOT_PROCESSED:
        return Uncertain(reason=f"Twilio answered {status}", status_code=status)
    wait: timedelta | None = None
    if status == 429:
        kind = RefusalKind.TEMPORARY
        wait = replies.retry_after(reply.headers) or timedelta(seconds=5)
    elif status in (401, 403):
        kind = RefusalKind.CONFIGURATION
    elif shaped:
        kind = twilio_codes.refusal(int(str(code)))
        seconds = twilio_codes.look_up(int(str(code))).retry_seconds
        wait = timedelta(seconds=seconds) if seconds else None
    else:
        kind = RefusalKind.CONTENT
    return Refused(
        kind=kind,
        code=str(code) if shaped else str(status),
        reason=str(error.get("message") or error.get("title") or "")[:500],
        status_code=status,
        retry_after=wait,
    )


def _status(reply: Reply | None) -> int | None:
    return reply.status if reply else None


def _sent_at(message: Any) -> datetime | None:
    at = message.date_sent or message.date_created
    if not isinstance(at, datetime):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _all_older(messages: list[Any], since: datetime) -> bool:
    """Tell whether a page lies wholly before ``since``: the rest of the list does, too."""
    times = [at for at in map(_sent_at, messages) if at is not None]
    return bool(times) and max(times) < since


def _is_candidate(message: Any, lookup: SmsLookup) -> bool:
    """Leave out what came in, and what is older than the open question."""
    if not str(message.direction).startswith("outbound"):
        return False
    created = message.date_created
    if not isinstance(created, datetime):
        return True
    return time.time() - created.timestamp() <= lookup.not_before_seconds + _LEEWAY
