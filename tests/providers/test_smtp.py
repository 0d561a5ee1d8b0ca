"""Email through an SMTP relay, against a real SMTP server on loopback."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from campaigns.delivery.ports import Accepted, Deadline, RefusalKind, Refused, Uncertain
from campaigns.providers.smtp import SmtpSender
from tests.providers.test_sendgrid import K1, K2, batch, person


class Relay:
    """Keeps what it takes; answers as told."""

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], bytes]] = []
        self.answers: dict[str, str] = {}
        self.connections = 0

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers.get("DATA") == "hang up":
            server.transport.abort()
            return "250 never read"
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.messages.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture
def relay() -> Iterator[tuple[Relay, SmtpSender]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = Relay()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    sender = SmtpSender(host="127.0.0.1", port=port, starttls=False, read_seconds=3)
    yield handler, sender
    sender.close()
    controller.stop()


def soon() -> Deadline:
    return Deadline(monotonic=time.monotonic() + 30)


def parsed(content: bytes) -> Any:
    return email.message_from_bytes(content, policy=email.policy.default)


def test_an_email_arrives_with_both_parts_and_its_headers(relay: Any) -> None:
    handler, sender = relay
    one = person(1, holes={K1: "Zoë", K2: "https://clinic.example/c/1"})
    outcome = sender.send(batch(one, sender_name="Clínica"), soon())

    assert isinstance(outcome, Accepted)
    recipients, content = handler.messages[0]
    assert recipients == ["person1@example.com"]
    message = parsed(content)
    assert message["Subject"] == "A note for you, Zoë"
    assert message["From"] == "Clínica <hello@clinic.example>"
    assert message["Message-ID"] == "<token-1@clinic.example>"
    assert message["List-Unsubscribe"] == "<https://clinic.example/u/1>"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert plain.get_content().splitlines() == ["Hello Zoë", "https://clinic.example/c/1"]
    assert "<p>Hello Zoë</p>" in html.get_content()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


def test_the_connection_is_kept_between_messages(relay: Any) -> None:
    handler, sender = relay
    for number in range(20):
        assert isinstance(sender.send(batch(person(number)), soon()), Accepted)
    assert len(handler.messages) == 20
    assert handler.connections == 1


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("MAIL", "451 4.3.0 later", RefusalKind.TEMPORARY),
        ("MAIL", "553 5.7.1 not your address", RefusalKind.CONFIGURATION),
        ("RCPT", "550 5.1.1 no such person", RefusalKind.RECIPIENT),
        ("RCPT", "552 5.2.2 mailbox full", RefusalKind.RECIPIENT_SOFT),
        ("RCPT", "550 5.7.1 not wanted", RefusalKind.RECIPIENT_SOFT),
        ("RCPT", "450 4.2.0 greylisted", RefusalKind.TEMPORARY),
        ("DATA", "451 4.3.0 disk full", RefusalKind.TEMPORARY),
        ("DATA", "554 5.6.0 message refused", RefusalKind.CONTENT),
    ],
)
def test_a_refusal_is_certain_and_has_its_kind(
    relay: Any, stage: str, answer: str, kind: RefusalKind
) -> None:
    handler, sender = relay
    handler.answers[stage] = answer
    outcome = sender.send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert outcome.kind is kind
    assert outcome.code == answer[:3]
    handler.answers.clear()
    assert isinstance(sender.send(batch(), soon()), Accepted)


def test_a_connection_lost_after_the_text_is_uncertain(relay: Any) -> None:
    handler, sender = relay
    handler.answers["DATA"] = "hang up"
    assert isinstance(sender.send(batch(), soon()), Uncertain)


def test_a_relay_that_is_not_there_is_certain() -> None:
    sender = SmtpSender(host="127.0.0.1", port=9, starttls=False)
    outcome = sender.send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (RefusalKind.TEMPORARY, "connect_failed")


def test_nothing_is_handed_over_after_the_deadline(relay: Any) -> None:
    handler, sender = relay
    outcome = sender.send(batch(), Deadline(monotonic=time.monotonic() - 1))
    assert isinstance(outcome, Refused)
    assert outcome.code == "deadline"
    assert handler.messages == []


@pytest.mark.parametrize("breaking", ["\r\n", "\n", "\r", "\u2028", "\x00", "\x85"])
@pytest.mark.parametrize("where", ["name", "subject", "header", "value"])
def test_no_line_break_reaches_a_header(relay: Any, breaking: str, where: str) -> None:
    handler, sender = relay
    evil = f"x{breaking}Bcc: thief@example.com"
    message = {
        "name": batch(sender_name=evil),
        "subject": batch(subject=evil),
        "header": batch(headers={"List-Id": evil}),
        "value": batch(person(1, holes={K1: evil, K2: ""})),
    }[where]
    outcome = sender.send(message, soon())
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusalKind.CONTENT
    assert handler.messages == []


def test_an_address_that_begins_with_a_dash_is_only_an_address(relay: Any) -> None:
    handler, sender = relay
    assert isinstance(sender.send(batch(person(1, address="-oQx@example.com")), soon()), Accepted)
    assert handler.messages[0][0] == ["-oQx@example.com"]
    assert parsed(handler.messages[0][1])["To"] == "-oQx@example.com"


LONG = "https://clinic.example/c/" + "x" * 300


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "=", "a=3D", "é" * 200, LONG, " lead and trail ", "tab\there", "two\nlines"],
)
@pytest.mark.parametrize("around", ["", ".", "=", "é", " ", "\n", "x" * 200])
def test_bodies_arrive_as_they_are_whatever_stands_around_a_hole(
    relay: Any, value: str, around: str
) -> None:
    handler, sender = relay
    body = f"first\n{around}{K1}{around}\n{K2}.\n.\nFrom here\n"
    one = person(1, holes={K1: value, K2: "end"})
    outcome = sender.send(batch(one, subject="A note", text=body, html=f"<p>{body}</p>"), soon())
    assert isinstance(outcome, Accepted)
    content = handler.messages[0][1]
    filled = body.replace(K1, value).replace(K2, "end")
    plain, html = parsed(content).iter_parts()
    assert plain.get_content().replace("\r\n", "\n").rstrip("\n") == filled.rstrip("\n")
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == f"<p>{filled}</p>"
    assert max(len(line) for line in content.split(b"\r\n")) <= 78 + 2


class Pipelining(Relay):
    """A relay that takes an envelope in one piece."""

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        answered = await super().handle_EHLO(server, session, envelope, hostname, responses)
        return [*answered[:-1], "250-PIPELINING", answered[-1]]


@pytest.fixture
def pipelining() -> Iterator[tuple[Relay, SmtpSender]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = Pipelining()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    sender = SmtpSender(host="127.0.0.1", port=port, starttls=False, read_seconds=3)
    yield handler, sender
    sender.close()
    controller.stop()


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("MAIL", "451 4.3.0 later", RefusalKind.TEMPORARY),
        ("MAIL", "553 5.7.1 not your address", RefusalKind.CONFIGURATION),
        ("RCPT", "550 5.1.1 no such person", RefusalKind.RECIPIENT),
        ("RCPT", "450 4.2.0 greylisted", RefusalKind.TEMPORARY),
        ("DATA", "554 5.6.0 message refused", RefusalKind.CONTENT),
    ],
)
def test_an_envelope_in_one_piece_is_refused_for_the_same_reasons(
    pipelining: Any, stage: str, answer: str, kind: RefusalKind
) -> None:
    handler, sender = pipelining
    assert isinstance(sender.send(batch(), soon()), Accepted)
    handler.answers[stage] = answer
    outcome = sender.send(batch(), soon())
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.code) == (kind, answer[:3])
    handler.answers.clear()
    assert isinstance(sender.send(batch(), soon()), Accepted)
    assert len(handler.messages) == 2


def test_envelopes_in_one_piece_share_a_connection(pipelining: Any) -> None:
    handler, sender = pipelining
    for number in range(20):
        assert isinstance(sender.send(batch(person(number)), soon()), Accepted)
    assert [to for to, _content in handler.messages] == [
        [f"person{number}@example.com"] for number in range(20)
    ]
    assert handler.connections == 1
