"""Webhooks of the stand-ins: really signed, sent late, twice or shuffled on request."""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

EVENTS_PER_POST = 1000
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each repetition of a webhook that got no 2xx; then it is given up."""


@dataclass(slots=True)
class Manners:
    """How webhooks are sent."""

    paused: bool = False
    repeat: int = 1
    shuffle: bool = False
    fresh_ids: bool = False
    lost: bool = False
    """Nothing is posted at all, as when the service cannot be reached for long."""


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    event: dict[str, Any] | None = field(compare=False, default=None)
    url: str = field(compare=False, default="")
    form: dict[str, str] = field(compare=False, default_factory=dict)
    call: Callable[[], object] | None = field(compare=False, default=None)
    tries: int = field(compare=False, default=0)


class Callbacks:
    """A queue of webhooks, and the thread that sends what is due."""

    def __init__(self, *, webhook_url: str, auth_token: str) -> None:
        self._webhook_url = webhook_url.rstrip("/")
        self._token = auth_token
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._http = urllib3.PoolManager(maxsize=8, retries=False, timeout=15.0)
        self._queue: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._busy = 0
        self._senders = ThreadPoolExecutor(max_workers=8, thread_name_prefix="webhook")
        self.manners = Manners()
        self.counts: Counter[str] = Counter()
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    @property
    def public_key(self) -> str:
        """The key for SENDGRID_WEBHOOK_PUBLIC_KEY: base64 of the DER form."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def plan_events(self, events: list[dict[str, Any]], *, delay: float) -> None:
        """Queue SendGrid events."""
        at = time.monotonic() + delay
        with self._changed:
            if self.manners.lost:
                return
            for event in events:
                heapq.heappush(self._queue, _Due(at, next(self._numbers), event))
            self._changed.notify_all()

    def plan_form(self, url: str, form: Mapping[str, str], *, delay: float) -> None:
        """Queue a Twilio webhook."""
        due = _Due(time.monotonic() + delay, next(self._numbers), None, url, dict(form))
        with self._changed:
            if self.manners.lost:
                return
            heapq.heappush(self._queue, due)
            self._changed.notify_all()

    def later(self, delay: float, call: Callable[[], object]) -> None:
        """Do something when ``delay`` seconds have passed."""
        due = _Due(time.monotonic() + delay, next(self._numbers), call=call)
        with self._changed:
            heapq.heappush(self._queue, due)
            self._changed.notify_all()

    def set_manners(self, **values: Any) -> Manners:
        """Change how webhooks are sent."""
        with self._changed:
            for name, value in values.items():
                if name not in Manners.__dataclass_fields__:
                    raise ValueError(f"unknown setting {name!r}")
                setattr(self.manners, name, value)
            self._changed.notify_all()
            return self.manners

    def flush(self, seconds: float) -> bool:
        """Wait until nothing is queued or under way; tell whether that came true in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, seconds)

    def post_events(self, events: list[dict[str, Any]]) -> tuple[int, str]:
        """Sign and post one array of events; return the answer's status and body."""
        body = msgspec.json.encode(events) + b"\r\n"
        stamp = str(int(time.time()))
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return self._post(
            f"{self._webhook_url}/webhooks/sendgrid/events",
            body,
            {
                "Content-Type": "application/json",
                "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            },
        )

    def post_form(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Sign and post a form as Twilio does; return the answer's status and body."""
        signed = url + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self._token.encode(), signed.encode(), hashlib.sha1).digest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        }
        return self._post(url, urlencode(form).encode(), headers)

    def inbound_url(self) -> str:
        """Return where incoming texts are posted."""
        return f"{self._webhook_url}/webhooks/twilio/inbound"

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        try:
            reply = self._http.request("POST", url, body=body, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.counts["unreachable"] += 1
            return 0, type(error).__name__
        self.counts[f"answered_{reply.status}"] += 1
        return reply.status, reply.data.decode("utf-8", "replace")

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something_due, timeout=self._wait_seconds())
                due = self._take()
                self._busy += len(due)
            if not due:
                continue
            events = [one for one in due if one.event is not None]
            for start in range(0, len(events), EVENTS_PER_POST):
                part = events[start : start + EVENTS_PER_POST]
                self._senders.submit(self._send_events, part)
            for one in due:
                if one.call is not None:
                    self._senders.submit(self._do, one)
                elif one.event is None:
                    self._senders.submit(self._send_form, one)

    def _something_due(self) -> bool:
        if self.manners.paused or not self._queue:
            return False
        return self._queue[0].at <= time.monotonic()

    def _wait_seconds(self) -> float:
        if self.manners.paused or not self._queue:
            return 60.0
        return max(self._queue[0].at - time.monotonic(), 0.0)

    def _take(self) -> list[_Due]:
        now = time.monotonic()
        due = []
        while not self.manners.paused and self._queue and self._queue[0].at <= now:
            due.append(heapq.heappop(self._queue))
        if self.manners.shuffle:
            random.shuffle(due)
        return due

    def _send_events(self, due: list[_Due]) -> None:
        status = 0
        for turn in range(self.manners.repeat):
            events = [one.event for one in due if one.event is not None]
            if turn and self.manners.fresh_ids:
                events = [{**event, "sg_event_id": secrets.token_urlsafe(24)} for event in events]
            if turn and self.manners.shuffle:
                random.shuffle(events)
            status, _body = self.post_events(events)
        self.counts["events"] += len(due)
        self._settle(due, status)

    def _send_form(self, due: _Due) -> None:
        status = 0
        for _turn in range(self.manners.repeat):
            status, _body = self.post_form(due.url, due.form)
        self.counts["forms"] += 1
        self._settle([due], status)

    def _do(self, due: _Due) -> None:
        assert due.call is not None
        due.call()
        self._settle([due], 200)

    def _settle(self, due: list[_Due], status: int) -> None:
        with self._changed:
            self._busy -= len(due)
            if not 200 <= status < 300:
                for one in due:
                    if one.tries < len(_PAUSES):
                        one.at = time.monotonic() + _PAUSES[one.tries]
                        one.tries += 1
                        heapq.heappush(self._queue, one)
                    else:
                        self.counts["given_up"] += 1
            self._changed.notify_all()
