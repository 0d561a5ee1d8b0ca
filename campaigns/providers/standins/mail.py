"""The stand-in for SendGrid: accept a batch, fill its holes in the most hostile order."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from typing import Any

from campaigns.providers.standins.callbacks import Callbacks
from campaigns.providers.standins.journal import Journal
from campaigns.providers.standins.lists import Lists
from campaigns.providers.standins.script import Rule, Script

_PASSES = 8


class Substitution:
    """Replaces holes as badly as the vendor is allowed to: in any order, over and over."""

    def __init__(self, bodies: list[str], keys: frozenset[str]) -> None:
        self._bodies = bodies
        self._keys = sorted(keys, key=len)  # the shortest first: "x1" also hits "x10"
        self._entangled = any(a != b and a in b for a in keys for b in keys)
        self._pattern = re.compile("|".join(map(re.escape, self._keys))) if keys else None
        self._parts = [
            re.split(f"({self._pattern.pattern})", body) if self._pattern else [body]
            for body in bodies
        ]

    def fill(self, values: dict[str, str]) -> list[str]:
        """Return all bodies for one person."""
        pattern = self._pattern
        if pattern is None:
            return list(self._bodies)
        if self._entangled or pattern.search("\0".join(values.values())):
            return [self._replace_over_and_over(body, values) for body in self._bodies]
        return [
            "".join(
                values.get(part, part) if index % 2 else part for index, part in enumerate(parts)
            )
            for parts in self._parts
        ]

    def _replace_over_and_over(self, body: str, values: dict[str, str]) -> str:
        for _ in range(_PASSES):
            before = body
            for key in self._keys:
                body = body.replace(key, values.get(key, key))
            if body == before:
                break
        return body


class Mail:
    """Accepts batches that passed the rules."""

    def __init__(
        self,
        script: Script,
        journal: Journal,
        callbacks: Callbacks,
        lists: Lists,
        *,
        bodies: str,
    ) -> None:
        self._lists = lists
        self._script = script
        self._journal = journal
        self._callbacks = callbacks
        self._bodies = bodies

    def accept(self, request: dict[str, Any]) -> str:
        """Log every message, plan its events, and return the X-Message-Id."""
        request_id = secrets.token_urlsafe(16)
        at = time.time()
        content = {part["type"]: part["value"] for part in request.get("content", [])}
        text, html = content.get("text/plain", ""), content.get("text/html", "")
        people = request["personalizations"]
        fillers: dict[frozenset[str], Substitution] = {}
        entries = []
        for number, person in enumerate(people):
            values = person.get("substitutions") or {}
            keys = frozenset(values)
            if keys not in fillers:
                fillers[keys] = Substitution([request.get("subject", ""), text, html], keys)
            subject, filled_text, filled_html = fillers[keys].fill(values)
            arguments = {**(request.get("custom_args") or {}), **(person.get("custom_args") or {})}
            entry: dict[str, Any] = {
                "kind": "email",
                "at": at,
                "request_id": request_id,
                "to": person["to"][0]["email"],
                "mid": arguments.get("mid"),
                "from": request["from"],
                "reply_to": request.get("reply_to"),
                "subject": person.get("subject") or subject,
                "headers": {**(request.get("headers") or {}), **(person.get("headers") or {})},
                "custom_args": arguments,
            }
            if self._bodies == "full":
                entry["text"], entry["html"] = filled_text, filled_html
            elif self._bodies == "hash":
                entry["html_sha256"] = hashlib.sha256(filled_html.encode()).hexdigest()
            entries.append(entry)
            self._plan(request_id, number, entry["to"], arguments)
        self._journal.accept(entries)
        return request_id

    def _plan(self, request_id: str, number: int, to: str, arguments: dict[str, str]) -> None:
        outcome, rule, _reply = self._script.outcome_for("sendgrid", to)
        if outcome == "silent":
            return
        now = int(time.time())
        common = {
            "email": to,
            "timestamp": now,
            "sg_message_id": f"{request_id}.recvd-standin-{number}.0",
            "smtp-id": f"<{request_id}@standin>",
            **arguments,
        }
        events = [
            {**common, **details, "sg_event_id": new_event_id()}
            for details in _events(outcome, rule)
        ]
        self._lists.note(outcome, to, events[-1])
        delay = float(self._script.defaults["delay"])
        self._callbacks.plan_events(events, delay=delay)


def new_event_id() -> str:
    """Return an id such as SendGrid gives to each event."""
    return base64.urlsafe_b64encode(secrets.token_bytes(24)).decode().rstrip("=")


def _events(outcome: str, rule: Rule | None) -> list[dict[str, Any]]:
    def detail(name: str, default: str) -> Any:
        return rule.get(name, default) if rule else default

    processed = {"event": "processed"}
    delivered = {"event": "delivered", "response": "250 2.0.0 OK", "tls": 1}
    if outcome == "dropped":
        return [{"event": "dropped", "reason": detail("reason", "Bounced Address")}]
    if outcome in ("bounce", "blocked"):
        reason = "550 5.1.1 user unknown" if outcome == "bounce" else "421 4.7.0 try again later"
        kind = "bounce" if outcome == "bounce" else "blocked"
        bounce = {"event": "bounce", "type": kind, "reason": detail("reason", reason)}
        bounce["status"] = detail("status", "5.1.1" if outcome == "bounce" else "4.7.0")
        return [processed, bounce]
    if outcome == "deferred":
        response = "450 4.2.0 greylisted"
        return [processed, {"event": "deferred", "attempt": "1", "response": response}, delivered]
    if outcome in ("spamreport", "unsubscribe"):
        return [processed, delivered, {"event": outcome}]
    return [processed, delivered]
