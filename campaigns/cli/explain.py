"""``campaigns explain``: why, from the very code that sends; for staff and operators.

``reply``, ``text`` and ``hours`` need no database and no settings, and load little, so
that a program may start them for a single question.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

import click

from campaigns.cli import questions
from campaigns.cli.questions import Answer
from campaigns.core.errors import CampaignsError, InvalidInput

if TYPE_CHECKING:
    from campaigns.eligibility.hours import Window

STREAM_HELP = "Give - to read questions from standard input, one JSON object a line."
as_json = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")

INTENTS = {
    "stop": "Stop. Marketing texts to this number end at once, and one confirmation goes back.",
    "unclear": "Unclear: it may be a stop. Marketing is held, and the inbox asks a person to "
    "decide.",
    "start": "Start. The block on the number is lifted; marketing comes back only with a consent.",
    "help": "Help. The answer with the clinic's contact goes back.",
    "confirm": "Confirm. It answers an open request to confirm, if there is one.",
    "other": "No keyword: a message for the inbox.",
}


@click.group()
def explain() -> None:
    """Say why: how a reply is read, a text counted, when a number may be texted, who gets what."""


@explain.command(epilog=STREAM_HELP + ' Questions: {"text"}.')
@click.argument("text")
@as_json
def reply(text: str, as_json: bool) -> None:
    """How a text that somebody sends to the clinic would be read."""
    _answer(text, "text", of_reply, _reply_in_words, as_json=as_json)


@explain.command(epilog=STREAM_HELP + ' Questions: {"text"}.')
@click.argument("text")
@as_json
def text(text: str, as_json: bool) -> None:
    """How many segments a text takes, and in which encoding, exactly as given."""
    _answer(text, "text", of_text, functools.partial(_text_in_words, text), as_json=as_json)


@explain.command(epilog=STREAM_HELP + ' Questions: {"phone", "postal_code" or null, "at"}.')
@click.argument("phone")
@click.option("--postal-code", metavar="ZIP", help="The person's ZIP code, where it is known.")
@click.option("--at", metavar="TIME", help="An instant with its offset from UTC; else now.")
@click.option(
    "--window",
    metavar="HH:MM-HH:MM",
    help="In place of the clinic's own hours, on every day of the week. Laws still hold.",
)
@as_json
def hours(
    phone: str, postal_code: str | None, at: str | None, window: str | None, as_json: bool
) -> None:
    """Whether a number may be texted at a moment, by which zones and states, and when next."""
    from campaigns.cli import clinic_window
    from campaigns.core.clock import SystemClock
    from campaigns.eligibility import permit

    hours_for_texts = clinic_window.find()
    if window is not None:
        try:
            hours_for_texts = permit.with_hours(hours_for_texts, window)
        except CampaignsError as fault:
            raise click.BadParameter(fault.message, param_hint="--window") from None
    moment = at or SystemClock().now().isoformat()
    _answer(
        phone,
        "phone",
        functools.partial(of_hours, window=hours_for_texts),
        functools.partial(_hours_in_words, phone, postal_code, moment, hours_for_texts),
        as_json=as_json,
        postal_code=postal_code,
        at=moment,
    )


@explain.command(epilog=STREAM_HELP + ' Questions: {"person"}.')
@click.argument("who")
@as_json
def person(who: str, as_json: bool) -> None:
    """Say what somebody may receive now, and why not the rest; WHO: number, email or phone."""
    from campaigns.cli import context, person_reach

    @context.reports_errors
    def tell() -> None:
        answer = functools.partial(person_reach.answer, context.services())
        _answer(who, "person", answer, person_reach.in_words, as_json=as_json)

    tell()


@explain.command()
@click.argument("file", type=click.File("rb"))
@as_json
def mail(file: IO[bytes], as_json: bool) -> None:
    """Say whether a mailbox will offer one-click unsubscribe for an email that arrived.

    FILE holds the email's source, as "Show original" of a mailbox gives it; - is standard
    input. Exit code 1 when it will not.
    """
    from campaigns.content import received

    found = received.read(file.read())
    if as_json:
        click.echo(json.dumps({"faults": list(found.faults), "signers": list(found.signers)}))
    else:
        click.echo("\n".join(found.faults) or "Both headers stand there once and are signed.")
        click.echo(f"Signed by: {', '.join(found.signers) or 'nobody'}")
    sys.exit(1 if found.faults else 0)


def of_hours(question: Answer, *, window: Window | None = None) -> Answer:
    """Answer ``{"phone", "postal_code", "at"}``; the next instant is in UTC.

    ``reason`` is the gate's code, or what keeps texts from such a number at any time.
    ``window`` is the clinic's, by default that of a new clinic.

    Raises: InvalidInput for a number that nobody can have, or a time without an offset.
    """
    from campaigns.contacts import addresses
    from campaigns.eligibility import permit

    phone = questions.text_of(question, "phone")
    postal_code = questions.text_or_none(question, "postal_code")
    at = questions.moment_of(questions.text_of(question, "at"))
    try:
        found = permit.explain(phone, postal_code, at, window=window)
    except (OverflowError, ValueError):  # beyond what calendars and zones reach
        raise InvalidInput("question", "The time is too far away.") from None
    if found.reason in addresses.NO_NUMBER:
        raise InvalidInput(found.reason, found.because[0])
    return {
        "allowed": found.allowed,
        "zones": list(found.zones),
        "states": list(found.states),
        "reason": found.reason,
        "next": None if found.next is None else found.next.isoformat(),
    }


def of_reply(question: Answer) -> Answer:
    """Answer ``{"text"}`` with the intent and the rule that gave it."""
    from campaigns.consent import keywords

    found = keywords.classify(questions.text_of(question, "text"))
    return {"intent": found.intent, "rule": found.rule}


def of_text(question: Answer) -> Answer:
    """Answer ``{"text"}`` with segments, encoding and units; nothing is replaced first."""
    from campaigns.content import sms

    found = sms.measure(questions.text_of(question, "text"))
    return {"segments": found.segments, "encoding": found.encoding, "units": found.units}


def _reply_in_words(answer: Answer) -> str:
    return f"{INTENTS[answer['intent']]}\nRule: {answer['rule']}"


def _text_in_words(given: str, answer: Answer) -> str:
    from campaigns.content import sms

    count = answer["segments"]
    noun = "segment" if count == 1 else "segments"
    lines = [f"{count} {noun}, {answer['encoding']}, {answer['units']} units."]
    plain, replaced = sms.transliterate(given)
    if replaced:
        then = sms.measure(plain)
        signs = " ".join(sign for sign, _ in replaced if sign.isprintable())
        lines.append(
            f"In a campaign, look-alikes are replaced first ({signs or 'invisible signs'}): "
            f"{then.segments} in {then.encoding}, {then.units} units."
        )
    offenders = list(dict.fromkeys((o.character, o.name) for o in sms.offenders(plain)))
    if offenders:
        shown = ", ".join(f"{sign} ({name})" for sign, name in offenders[:8])
        lines.append(f"The large alphabet is needed for: {shown}.")
    if count > sms.PRACTICAL_PARTS:
        lines.append(f"Networks refuse more than {sms.PRACTICAL_PARTS} segments.")
    elif count > sms.MAX_PARTS:
        lines.append(f"A campaign's text may take {sms.MAX_PARTS} segments at most.")
    return "\n".join(lines)


def _hours_in_words(
    phone: str, postal_code: str | None, at: str, window: Window, answer: Answer
) -> str:
    from campaigns.eligibility import permit

    moment = questions.moment_of(at)
    when = f"at {moment:%A, %-d %B %Y, %H:%M (UTC%z)}"
    found = permit.explain(phone, postal_code, moment, window=window)
    if answer["allowed"]:
        lines = [f"Yes: {phone} may be texted {when}, if the person agreed."]
    else:
        lines = [f"No: {phone} may not be texted {when}."]
    lines += found.because
    if not answer["allowed"] and found.zones:
        lines.append(
            f"Next: {found.next:%A, %-d %B %Y, %H:%M} UTC."
            if found.next
            else "Next: nothing within seven days."
        )
    if found.zones:
        lines.append(f"Zones: {', '.join(found.zones)}")
        lines.append(f"States: {', '.join(found.states) or 'not known'}")
    return "\n".join(lines)


def _answer(
    given: str,
    key: str,
    answer: Callable[[Answer], Answer],
    in_words: Callable[[Answer], str],
    *,
    as_json: bool,
    **more: Any,
) -> None:
    """Answer one question in words or as JSON, or a stream of them; then exit with the code."""
    if given == questions.DASH:
        sys.exit(questions.answer_lines(answer))
    try:
        found = answer({key: given, **more})
    except CampaignsError as fault:
        if as_json:
            click.echo(json.dumps({"error": fault.message}))
        else:
            click.echo(f"campaigns: {fault.message}", err=True)
        sys.exit(1)
    click.echo(json.dumps(found) if as_json else in_words(found))
