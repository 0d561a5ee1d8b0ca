"""The stand-in for Twilio's messages: strict forms, status callbacks, replies, a list."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from campaigns.core.settings import is_loopback
from campaigns.providers.standins.callbacks import Callbacks
from campaigns.providers.standins.journal import Journal
from campaigns.providers.standins.script import Script

STOP_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
)
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
_KNOWN = frozenset(
    {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}
    | {"SmartEncoded", "MediaUrl", "ApplicationSid", "ProvideFeedback", "MaxPrice", "Attempt"}
    | {"ForceDelivery", "ContentRetention", "AddressRetention", "PersistentAction", "ShortenUrls"}
    | {"ScheduleType", "SendAt", "SendAsMms", "ContentVariables", "RiskCheck", "ContentSid"}
)
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")


class Refusal(Exception):
    """Twilio's refusal of one request."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def parse(body: bytes) -> dict[str, str]:
    """Return the form, or raise Refusal for what Twilio would not take."""
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body))
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refusal(20001, "A parameter was given twice")
    unknown = form.keys() - _KNOWN
    if unknown:
        raise Refusal(20001, f"Unknown parameter {min(unknown)}")
    if not form.get("To"):
        raise Refusal(21604, "A 'To' phone number is required.")
    if not _E164.fullmatch(form["To"]):
        raise Refusal(21211, "The 'To' number is not a valid phone number.")
    if not form.get("Body"):
        raise Refusal(21602, "Message body is required.")
    if len(form["Body"]) > 1600:
        raise Refusal(21617, "The concatenated message body exceeds the 1600 character limit.")
    if not (form.get("From") or form.get("MessagingServiceSid")):
        raise Refusal(21603, "A 'From' phone number is required.")
    if form.get("MessagingServiceSid") and not _SERVICE.fullmatch(form["MessagingServiceSid"]):
        raise Refusal(21705, "The Messaging Service Sid is invalid.")
    if form.get("From") and not re.fullmatch(r"\+[1-9]\d{7,14}|\d{5,6}", form["From"]):
        raise Refusal(21212, "The 'From' number is not a valid phone number or short code.")
    if "ValidityPeriod" in form:
        period = form["ValidityPeriod"]
        if not period.isdigit() or not 1 <= int(period) <= 36_000:
            raise Refusal(21626, "ValidityPeriod must be between 1 and 36000.")
    callback = form.get("StatusCallback")
    if callback and ("_" in (urlsplit(callback).hostname or "") or not is_loopback(callback)):
        raise Refusal(21609, "The 'StatusCallback' URL is not valid here.")
    return form


class Texts:
    """Accepts texts that passed the rules, and plays the people who get them."""

    def __init__(
        self,
        script: Script,
        journal: Journal,
        callbacks: Callbacks,
        *,
        account_sid: str,
        opt_out: str,
    ) -> None:
        self._script = script
        self._journal = journal
        self._callbacks = callbacks
        self._account = account_sid
        self._opt_out = opt_out
        self._lock = threading.Lock()
        self._by_number: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._by_sid: dict[str, dict[str, Any]] = {}
        self._all: list[dict[str, Any]] = []
        self._service: str | None = None
        self._blocked: set[str] = set()

    def check(self, form: dict[str, str]) -> None:
        """Raise Refusal when the number has said STOP to Twilio."""
        with self._lock:
            if form["To"] in self._blocked:
                raise Refusal(21610, "Attempt to send to unsubscribed recipient")

    def reset(self) -> None:
        """Forget who is blocked."""
        with self._lock:
            self._blocked.clear()

    def accept(self, form: dict[str, str]) -> dict[str, Any]:
        """Log a text, plan its callbacks, and return what Twilio shows of it."""
        sid = "SM" + secrets.token_hex(16)
        now = time.time()
        service = form.get("MessagingServiceSid")
        shown: dict[str, Any] = {
            "sid": sid,
            "account_sid": self._account,
            "messaging_service_sid": service,
            "to": form["To"],
            "from": form.get("From"),
            "body": form["Body"],
            "status": "accepted" if service else "queued",
            "direction": "outbound-api",
            "num_segments": "0" if service else "1",
            "num_media": "0",
            "date_created": formatdate(now, usegmt=False),
            "date_updated": formatdate(now, usegmt=False),
            "date_sent": None,
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{self._account}/Messages/{sid}.json",
            "subresource_uris": {},
        }
        callback = form.get("StatusCallback", "")
        entry = {
            "kind": "sms",
            "at": now,
            "sid": sid,
            "to": form["To"],
            "from": form.get("From") or service,
            "body": form["Body"],
            "mid": urlsplit(callback).path.rpartition("/")[2] or None,
            "validity": form.get("ValidityPeriod"),
        }
        with self._lock:
            self._by_number[form["To"]].append(shown)
            self._by_sid[sid] = shown
            self._all.append(shown)
            self._service = service or self._service
        self._journal.accept([entry])
        self._plan(shown, callback)
        return shown

    def listed(self, query: dict[str, str]) -> dict[str, Any]:
        """Return a page of the messages, newest first, as Twilio filters them.

        Raises: ValueError for a date or a size that cannot be read.
        """
        with self._lock:
            found = self._by_number[query["To"]] if query.get("To") else self._all
            found = sorted(found, key=_created, reverse=True)
        if query.get("From"):
            found = [one for one in found if one["from"] == query["From"]]
        after, before = _moment(query.get("DateSent>")), _moment(query.get("DateSent<"))
        if after is not None:
            found = [one for one in found if (_sent(one) or -1) >= after]
        if before is not None:
            found = [one for one in found if (_sent(one) or before + 1) <= before]
        size = min(int(query.get("PageSize", "50")), 1000)
        number = int(query.get("Page", "0"))
        if size < 1 or number < 0:
            raise ValueError("PageSize and Page must be positive.")
        start = number * size
        path = f"/2010-04-01/Accounts/{self._account}/Messages.json"
        token = {**query, "PageSize": str(size)}
        more = start + size < len(found)
        following = urlencode({**token, "Page": number + 1, "PageToken": f"PA{start + size}"})
        return {
            "messages": found[start : start + size],
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(min(start + size, len(found)) - 1, 0),
            "uri": f"{path}?{urlencode({**token, 'Page': number})}",
            "first_page_uri": f"{path}?{urlencode({**token, 'Page': 0})}",
            "next_page_uri": f"{path}?{following}" if more else None,
            "previous_page_uri": None,
        }

    def fetch(self, sid: str) -> dict[str, Any] | None:
        """Return one message."""
        with self._lock:
            return self._by_sid.get(sid)

    def receive(
        self, sender: str, body: str, to: str, *, wait: bool, seconds_ago: float = 0.0
    ) -> tuple[int, str]:
        """Play a person who texts; post the webhook now (``wait``) or soon, or lose it."""
        word = body.strip().casefold()
        kind = next(
            (
                name
                for name, words in (
                    ("STOP", STOP_WORDS),
                    ("START", START_WORDS),
                    ("HELP", HELP_WORDS),
                )
                if word in words
            ),
            None,
        )
        if kind and self._opt_out != "off":
            self._answer_keyword(kind, sender)
        sid = "SM" + secrets.token_hex(16)
        form = {
            "ToCountry": "US",
            "ToState": "CA",
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "ToCity": "",
            "FromZip": "",
            "SmsSid": sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": body,
            "FromCountry": "US",
            "To": to,
            "MessagingServiceSid": "MG" + "0" * 32,
            "ToZip": "",
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": self._account,
            "From": sender,
            "ApiVersion": "2010-04-01",
        }
        if kind and self._opt_out == "advanced":
            form["OptOutType"] = kind
        self._keep(form, time.time() - seconds_ago)
        url = self._callbacks.inbound_url()
        if self._callbacks.manners.lost:
            return 0, "lost"
        if wait:
            return self._callbacks.post_form(url, form)
        self._callbacks.plan_form(url, form, delay=float(self._script.defaults["delay"]))
        return 0, ""

    def _keep(self, form: dict[str, str], at: float) -> None:
        """Put a text that came in on the list of messages."""
        date = formatdate(at, usegmt=False)
        shown: dict[str, Any] = {
            "sid": form["MessageSid"],
            "account_sid": self._account,
            "messaging_service_sid": self._service,
            "to": form["To"],
            "from": form["From"],
            "body": form["Body"],
            "status": "received",
            "direction": "inbound",
            "num_segments": form["NumSegments"],
            "num_media": form["NumMedia"],
            "date_created": date,
            "date_updated": date,
            "date_sent": date,
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{self._account}/Messages/{form['MessageSid']}.json",
            "subresource_uris": {},
        }
        with self._lock:
            self._by_number[form["To"]].append(shown)
            self._by_sid[shown["sid"]] = shown
            self._all.append(shown)

    def _answer_keyword(self, kind: str, number: str) -> None:
        with self._lock:
            known = number in self._blocked
            if kind == "STOP":
                self._blocked.add(number)
            elif kind == "START":
                self._blocked.discard(number)
        if kind == "STOP" and known:
            return  # Twilio answers a stop once
        answer = {"kind": "auto_reply", "at": time.time(), "to": number, "body": kind, "mid": None}
        self._journal.accept([answer])

    def _plan(self, shown: dict[str, Any], callback: str) -> None:
        outcome, rule, reply = self._script.outcome_for("twilio", shown["to"])
        delay = float(self._script.defaults["delay"])
        statuses = {
            "delivered": ["sent", "delivered"],
            "undelivered": ["sent", "undelivered"],
            "failed": ["failed"],
        }.get(outcome, [])
        for number, status in enumerate(statuses, 1):
            form = {
                "MessageSid": shown["sid"],
                "SmsSid": shown["sid"],
                "MessageStatus": status,
                "SmsStatus": status,
                "To": shown["to"],
                "From": shown["from"] or "+15005550006",
                "AccountSid": self._account,
                "ApiVersion": "2010-04-01",
            }
            if shown["messaging_service_sid"]:
                form["MessagingServiceSid"] = shown["messaging_service_sid"]
            if status in ("undelivered", "failed"):
                form["ErrorCode"] = str(rule.get("code", 30003) if rule else 30003)
            if status in ("delivered", "undelivered"):
                form["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime())
            if callback:
                self._callbacks.plan_form(callback, form, delay=delay * number)
        if reply:
            sender, body = shown["to"], str(reply["body"])
            to = shown["from"] or "+15005550006"
            wait = delay * (len(statuses) + 1) + float(reply.get("delay", 0))
            self._callbacks.later(wait, lambda: self.receive(sender, body, to, wait=False))


def _created(message: dict[str, Any]) -> float:
    return parsedate_to_datetime(message["date_created"]).timestamp()


def _sent(message: dict[str, Any]) -> float | None:
    date = message["date_sent"]
    return parsedate_to_datetime(date).timestamp() if date else None


def _moment(value: str | None) -> float | None:
    """Read a date or a moment of a filter; GMT."""
    if not value:
        return None
    at = datetime.fromisoformat(value)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
