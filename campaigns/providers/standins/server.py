"""The HTTP side of the stand-ins: loopback only, one thread for each connection."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from campaigns.providers.standins import mail_rules, texts
from campaigns.providers.standins.callbacks import Callbacks, Manners
from campaigns.providers.standins.journal import Journal
from campaigns.providers.standins.lists import Lists
from campaigns.providers.standins.mail import Mail
from campaigns.providers.standins.script import ACCEPTING, Rule, Script
from campaigns.providers.standins.texts import Texts

MAX_BODY_BYTES = 31 * 1024 * 1024
_MAIL_LIMIT = 30 * 1024 * 1024
_ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nX-Message-Id: broken\r\n"
    b'Content-Length: 25\r\n\r\n{"sid": "never complete"'
)
"""What is cut off or sent too slowly."""


@dataclass(slots=True)
class StandIns:
    """Everything that the handlers share."""

    script: Script
    journal: Journal
    callbacks: Callbacks
    mail: Mail
    texts: Texts
    lists: Lists
    sendgrid_key: str
    account_sid: str
    auth_token: str


class Server(ThreadingHTTPServer):
    """Listens on loopback and on nothing else."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, port: int, standins: StandIns) -> None:
        self.standins = standins
        super().__init__(("127.0.0.1", port), Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse whatever does not come from this machine."""
        return ipaddress.ip_address(client_address[0]).is_loopback

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that went away: the tests make them do so."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._route("GET")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._route("POST")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (inherited name)
        """Log nothing: the journal is the record."""

    def _route(self, method: str) -> None:
        path = urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._mail_error(413, "The request is larger than 30 MB", None)
            return
        body = self.rfile.read(length) if length else b""
        if path == "/v3/mail/send" and method == "POST":
            self._mail_send(body)
        elif path.startswith(("/v3/suppression/", "/v3/asm/")) and method == "GET":
            self._list(path)
        elif path.startswith("/2010-04-01/Accounts/"):
            self._messages(method, path, body)
        elif path.startswith("/control/"):
            self._control(method, path.removeprefix("/control/"), body)
        else:
            self._json(404, {"errors": [{"message": "not found", "field": None, "help": None}]})

    # SendGrid

    def _mail_send(self, body: bytes) -> None:
        own = self.server.standins
        own.journal.capture("sendgrid", self.path, dict(self.headers), body)
        if self.headers.get("Authorization") != f"Bearer {own.sendgrid_key}":
            message = "The provided authorization grant is invalid, expired, or revoked"
            return self._mail_error(401, message, None)
        if len(body) >= _MAIL_LIMIT:
            return self._mail_error(413, "The request is larger than 30 MB", None)
        if self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            return self._mail_error(415, "Content-Type should be application/json.", None)
        try:
            request = msgspec.json.decode(body)
            mail_rules.check(request)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._mail_error(400, "Bad Request", None)
        except mail_rules.Refusal as refusal:
            own.script.count("sendgrid")
            return self._mail_error(400, refusal.message, refusal.field)
        people = {p["to"][0]["email"] for p in request["personalizations"]}
        rule = own.script.fault_for("sendgrid", people)

        def accept() -> Callable[[], None]:
            request_id = own.mail.accept(request)
            return lambda: self._send(202, b"", {"X-Message-Id": request_id})

        return self._behave(rule, accept, self._mail_refusal)

    def _list(self, path: str) -> None:
        own = self.server.standins
        if self.headers.get("Authorization") != f"Bearer {own.sendgrid_key}":
            message = "The provided authorization grant is invalid, expired, or revoked"
            return self._mail_error(401, message, None)
        rule = own.script.refusal_of_list("sendgrid_list")
        if rule is not None:
            return self._mail_refusal(rule)
        try:
            found = own.lists.answer(path, dict(parse_qsl(urlsplit(self.path).query)))
        except ValueError as error:
            return self._mail_error(400, str(error), None)
        if found is None:
            return self._mail_error(404, "not found", None)
        return self._json(200, found)

    def _mail_error(self, status: int, message: str, field: str | None) -> None:
        self._json(status, {"errors": [{"message": message, "field": field, "help": None}]})

    def _mail_refusal(self, rule: Rule) -> None:
        status = int(rule.get("status", 429))
        message = rule.get("message", "too many requests" if status == 429 else "refused")
        body = {"errors": [{"message": message, "field": rule.get("code"), "help": None}]}
        self._json(status, body, self._waiting(rule))

    # Twilio

    def _messages(self, method: str, path: str, body: bytes) -> None:
        own = self.server.standins
        if not self._twilio_authorized():
            return self._text_error(20003, "Authenticate", 401)
        prefix = f"/2010-04-01/Accounts/{own.account_sid}/Messages"
        if method == "GET" and path == f"{prefix}.json":
            query = dict(parse_qsl(urlsplit(self.path).query))
            rule = own.script.refusal_of_list("twilio_list")
            if rule is not None:
                return self._text_refusal(rule)
            try:
                return self._json(200, own.texts.listed(query))
            except ValueError as error:
                return self._text_error(20001, str(error), 400)
        if method == "GET" and path.startswith(f"{prefix}/"):
            found = own.texts.fetch(path.removeprefix(f"{prefix}/").removesuffix(".json"))
            if found is None:
                return self._text_error(20404, "The requested resource was not found", 404)
            return self._json(200, found)
        if method != "POST" or path != f"{prefix}.json":
            return self._text_error(20404, "The requested resource was not found", 404)
        own.journal.capture("twilio", self.path, dict(self.headers), body)
        try:
            form = texts.parse(body)
            rule = own.script.fault_for("twilio", {form["To"]})
            if rule is None or rule.fault in ACCEPTING:
                own.texts.check(form)
        except texts.Refusal as refusal:
            return self._text_error(refusal.code, refusal.message, refusal.status)
        except (ValueError, UnicodeDecodeError):
            return self._text_error(20001, "The form cannot be read", 400)

        def accept() -> Callable[[], None]:
            shown = own.texts.accept(form)
            return lambda: self._json(201, shown)

        return self._behave(rule, accept, self._text_refusal)

    def _twilio_authorized(self) -> bool:
        own = self.server.standins
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        wanted = f"{own.account_sid}:{own.auth_token}".encode()
        return scheme == "Basic" and hmac.compare_digest(given, wanted)

    def _text_error(self, code: int, message: str, status: int) -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        self._json(status, {"code": code, "message": message, "more_info": more, "status": status})

    def _text_refusal(self, rule: Rule) -> None:
        status = int(rule.get("status", 429))
        code = int(rule.get("code", 20429 if status == 429 else 20001))
        message = rule.get("message", "Too Many Requests" if status == 429 else "refused")
        body = {"code": code, "message": message, "more_info": "", "status": status}
        self._json(status, body, self._waiting(rule))

    # Faults

    def _behave(
        self,
        rule: Rule | None,
        accept: Callable[[], Callable[[], None]],
        refuse: Callable[[Rule], None],
    ) -> None:
        if rule is None:
            accept()()
            return
        fault = rule.fault
        assert fault is not None
        answer = accept() if fault in ACCEPTING else None
        if fault == "refuse":
            refuse(rule)
        elif fault == "slow":
            assert answer is not None
            time.sleep(float(rule.get("seconds", 1.0)))
            answer()
        elif fault.startswith("error"):
            self._send(500, b"internal error", {"Content-Type": "text/plain"})
        elif fault.startswith("timeout"):
            time.sleep(float(rule.get("seconds", 40.0)))
            self._break_off()
        elif fault.startswith("reset"):
            self._break_off()
        elif fault == "redirect":
            self._send(302, b"", {"Location": f"http://127.0.0.1:{self.server.server_port}/other"})
        elif fault == "malformed":
            self._send(202, b'{"sid": ', {"Content-Type": "application/json"})
        elif fault == "malformed_refusal":
            self._send(400, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})
        elif fault == "wrong_type":
            self._send(202, b"<html>Thanks</html>", {"Content-Type": "text/html"})
        elif fault == "wrong_length":
            self._write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 500\r\n\r\n{}")
            self._break_off()
        elif fault == "truncated":
            self._write(b"HTTP/1.1 202 Acc")
            self._break_off()
        elif fault == "reset_at":
            self._write(_ANSWER[: int(rule.get("bytes", 1))])
            self._break_off()
        elif fault == "drip":
            self._drip(float(rule.get("seconds", 0.2)))

    def _write(self, raw: bytes) -> None:
        self.wfile.write(raw)
        self.wfile.flush()

    def _drip(self, seconds: float) -> None:
        """Answer byte by byte, until the caller goes away."""
        try:
            for at in range(len(_ANSWER)):
                self._write(_ANSWER[at : at + 1])
                time.sleep(seconds)
        except OSError:
            pass
        self._break_off()

    def _break_off(self) -> None:
        """Close with a reset, at once: ``close`` alone waits for the file objects."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(self.connection.detach())

    def _waiting(self, rule: Rule) -> dict[str, str]:
        headers = {}
        if rule.get("retry_after") is not None:
            headers["Retry-After"] = str(rule.get("retry_after"))
        if rule.get("reset") is not None:
            headers["X-RateLimit-Reset"] = str(int(time.time() + float(rule.get("reset"))))
        return headers

    # Control

    def _control(self, method: str, name: str, body: bytes) -> None:
        own = self.server.standins
        query = dict(parse_qsl(urlsplit(self.path).query))
        try:
            values = msgspec.json.decode(body) if body else {}
            answer = self._tell(name, query) if method == "GET" else self._obey(own, name, values)
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            return self._json(400, {"error": f"{type(error).__name__}: {error}"})
        if answer is None:
            return self._json(404, {"error": "no such control"})
        return self._json(200, answer)

    def _tell(self, name: str, query: dict[str, str]) -> Any:
        own = self.server.standins
        if name == "public-key":
            return {"public_key": own.callbacks.public_key}
        if name == "log":
            return {"messages": own.journal.entries(query.get("kind"), query.get("to"))}
        if name == "stats":
            return {
                "requests": dict(own.script.requests),
                "accepted": dict(own.journal.counts),
                "webhooks": dict(own.callbacks.counts),
            }
        return None

    def _obey(self, own: StandIns, name: str, values: dict[str, Any]) -> Any:
        if name == "script":
            rules = values.get("rules", [])
            return {"rules": own.script.add(rules, replace=bool(values.get("replace")))}
        if name == "defaults":
            return own.script.set_defaults(values)
        if name == "inbound":
            to = values.get("to", "+15005550006")
            status, text = own.texts.receive(
                values["from"],
                values["body"],
                to,
                wait=True,
                seconds_ago=float(values.get("seconds_ago", 0)),
            )
            return {"status": status, "body": text}
        if name == "lists":
            sizes = {one: own.lists.add(one, values[one]) for one in values if one != "groups"}
            for number, members in values.get("groups", {}).items():
                own.lists.add_group(int(number), members)
            return sizes
        if name == "events":
            status, text = own.callbacks.post_events(values["events"])
            return {"status": status, "body": text}
        if name == "webhooks":
            return asdict(own.callbacks.set_manners(**values))
        if name == "flush":
            done = own.callbacks.flush(float(values.get("seconds", 30)))
            return {"done": done, "counts": dict(own.callbacks.counts)}
        if name == "reset":
            own.script.reset()
            own.texts.reset()
            own.lists.reset()
            own.callbacks.set_manners(**asdict(Manners()))
            return {"reset": True}
        return None

    # Answers

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        body = msgspec.json.encode(value)
        self._send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def serve_in_thread(server: Server) -> threading.Thread:
    """Serve until ``server.shutdown()``; for tests that want it in their own process."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.daemon = True
    thread.start()
    return thread
