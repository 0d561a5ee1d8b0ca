"""The stand-in for Twilio's messages: strict forms, status callbacks, replies, a list."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import defaultdict
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
        self._journal.accept([entry])
        self._plan(shown, callback)
        return shown

    def listed(self, query: dict[str, str]) -> dict[str, Any]:
        """Return the newest messages to a number."""
        with self._lock:
            found = list(reversed(self._by_number.get(query.get("To", ""), [])))
        size = min(int(query.get("PageSize", "50")), 1000)
        return {
            "messages": found[:size],
            "page": 0,
            "page_size": size,
            "start": 0,
            "end": max(len(found[:size]) - 1, 0),
            "uri": f"/2010-04-01/Accounts/{self._account}/Messages.json",
            "first_page_uri": f"/2010-04-01/Accounts/{self._account}/Messages.json",
            "next_page_uri": None,
            "previous_page_uri": None,
        }

    def fetch(self, sid: str) -> dict[str, Any] | None:
        """Return one message."""
        with self._lock:
            return self._by_sid.get(sid)

    def receive(self, sender: str, body: str, to: str, *, wait: bool) -> tuple[int, str]:
        """Play a person who texts; post the webhook now (``wait``) or soon."""
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
        url = self._callbacks.inbound_url()
        if wait:
            return self._callbacks.post_form(url, form)
        self._callbacks.plan_form(url, form, delay=float(self._script.defaults["delay"]))
        return 0, ""

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
