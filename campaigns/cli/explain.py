"""``campaigns explain``: why, from the very code that sends; for staff and operators.

``reply``, ``text`` and ``hours`` need no database and no settings, and load little, so
that a program may start them for a single question.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

import click

from campaigns.cli import questions
from campaigns.cli.questions import Answer
from campaigns.core.errors import CampaignsError

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
