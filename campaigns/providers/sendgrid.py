"""Email through SendGrid: the official SDK over our own transport, one POST for each batch.

The SDK builds addresses and headers; its own HTTP layer is not used, because it follows
a redirect with a GET and the key, never times out, and opens a connection for each call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import python_http_client
import sendgrid as sdk

from campaigns.core.errors import NotConfigured
from campaigns.core.settings import Settings
from campaigns.delivery.ports import (
    Accepted,
    Deadline,
    EmailBatch,
    Listed,
    Outcome,
    RefusalKind,
    Refused,
    Uncertain,
)
from campaigns.providers import replies, sendgrid_lists, sendgrid_request
from campaigns.providers.transport import Lost, NotSent, Reply, Transport

_KINDS = {
    400: RefusalKind.CONTENT,
    401: RefusalKind.CONFIGURATION,
    403: RefusalKind.CONFIGURATION,
    404: RefusalKind.CONFIGURATION,
    405: RefusalKind.CONFIGURATION,
    413: RefusalKind.CONTENT,
    415: RefusalKind.CONFIGURATION,
    429: RefusalKind.TEMPORARY,
}
_REFUSED_IN_ANY_SHAPE = frozenset({413, 429})
"""Status codes that mean "not processed" even from a gateway in front of SendGrid."""


class _Client(python_http_client.Client):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's address builder, posting ready-made bytes through our transport."""

    transport: Transport

    def _build_client(self, name: str | None = None) -> _Client:
        client = _Client(
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
        )
        client.transport = self.transport
        return client

    def fetch(self, path: str) -> Reply:
        """Get once; ``path`` lies below the version, and may carry a query."""
        return self.transport.request(
            "GET", f"{self.host}/v{self._version}/{path}", headers=self.request_headers
        )

    def post(self, *, request_body: bytes, deadline: Deadline) -> Reply:
        """Post once, and return whatever the status is."""
        return self.transport.request(
            "POST",
            self._build_url(None),
            headers={**self.request_headers, "Content-Type": "application/json"},
            body=request_body,
            deadline=deadline,
        )


class SendGridSender:
    """Sends a body with holes and each person's values; SendGrid joins them."""

    name = "sendgrid"
    max_recipients = sendgrid_request.MAX_PERSONALIZATIONS
    in_flight = 1
    lists = sendgrid_lists.LISTS

    def __init__(self, *, api_key: str, api_url: str, transport: Transport | None = None) -> None:
        self._sdk = sdk.SendGridAPIClient(api_key=api_key, host=api_url)
        client = _Client(
            host=api_url, request_headers=dict(self._sdk.client.request_headers), version=3
        )
        client.transport = transport or Transport()
        self._sdk.client = client
        self._fetch = client.fetch

    @classmethod
    def from_settings(cls, settings: Settings) -> SendGridSender:
        """Make the sender from SENDGRID_API_KEY and SENDGRID_API_URL."""
        if settings.sendgrid_api_key is None:
            raise NotConfigured("sendgrid_key", "SENDGRID_API_KEY is missing.")
        return cls(
            api_key=settings.sendgrid_api_key.get_secret_value(),
            api_url=settings.sendgrid_api_url,
        )

    def suppressed(self, name: str) -> Iterator[list[Listed]]:
        """Yield one of SendGrid's own lists by pages; see ``sendgrid_lists``."""
        return sendgrid_lists.pages(self._fetch, name)

    def send(self, batch: EmailBatch, deadline: Deadline) -> Outcome:
        """Send one batch in one attempt."""
        try:
            body = sendgrid_request.encode(batch)
        except sendgrid_request.Unfit as unfit:
            return Refused(kind=unfit.kind, code=unfit.code, reason=unfit.reason)
        try:
            reply = self._sdk.client.mail.send.post(request_body=body, deadline=deadline)
        except NotSent as not_sent:
            return Refused(kind=RefusalKind.TEMPORARY, code=not_sent.code, reason=not_sent.reason)
        except Lost as lost:
            return Uncertain(reason=lost.reason, status_code=lost.status)
        return outcome_of(reply, people=len(batch.recipients))


def outcome_of(reply: Reply, *, people: int) -> Outcome:
    """Read SendGrid's answer: accepted, refused for certain, or uncertain."""
    status = reply.status
    if 200 <= status < 300:
        return Accepted(provider_id=reply.headers.get("X-Message-Id"), status_code=status)
    errors = _errors(reply)
    kind = _KINDS.get(status)
    if kind is None or (errors is None and status not in _REFUSED_IN_ANY_SHAPE):
        return Uncertain(reason=f"SendGrid answered {status}", status_code=status)
    if status == 400 and people == 1 and _about_the_recipient(errors or []):
        kind = RefusalKind.RECIPIENT
    return Refused(
        kind=kind,
        code=str(status),
        reason="; ".join(str(error.get("message", "")) for error in errors or [])[:500],
        status_code=status,
        retry_after=replies.retry_after(reply.headers) if status == 429 else None,
    )


def _errors(reply: Reply) -> list[dict[str, Any]] | None:
    """Return the list of errors if the answer has SendGrid's shape."""
    body = replies.json_object(reply.body) if reply.complete else None
    errors = body.get("errors") if body else None
    if not isinstance(errors, list):
        return None
    return [error for error in errors if isinstance(error, dict)]


def _about_the_recipient(errors: list[dict[str, Any]]) -> bool:
    fields = [str(error.get("field") or "") for error in errors]
    return bool(fields) and all(field.startswith("personalizations.0.to") for field in fields)
