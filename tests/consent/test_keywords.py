"""Replies are read as a reasonable person reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.consent.keywords import classify

STOPS = """
STOP|stop|Stop.|STOP!!!|st0p|ST0P|s t o p|S.T.O.P.|stop stop stop|STOPALL|Stop all|quit|END|revoke
opt out|Opt-Out|OPTOUT|cancel|Unsubscribe|remove|arrêt|ALTO|parar|baja|cancelar|no más|NO MAS|🛑|✋
✋🏽|🛑🛑|ｓｔｏｐ|stop texting me|Stop messaging me|stop contacting me|stop sending these
please stop|pls stop|stop calling|Stop please|stop pls|stop now|stop it|stop this|unsub
unsubscribe me please|I want to opt out|opting out|opted out already|opt me out|take me off
take me off your list|take me off this|take me OFF it
get me off this list|remove me|remove my number|remove my name from this|do not text me
don't text me|don’t contact me|dont message me again|do not call|no more texts|no more messages pls
leave me alone|lose my number|wrong number|Wrong person sorry|who is this? stop|not interested
I'm not interested thanks|i never signed up for this|I withdraw my consent|withdraw consent
deje de escribirme|dejen de mandar mensajes|no me escriba|no me mande mas|no envíe más|no me texte
número equivocado|no quiero más mensajes|no me interesa|quiero darme de baja|🛑 texting me
cancel my subscription|end these texts|stop the texts|please stop texting
"""
UNCLEAR = """
can I stop by at 3?|cancel my appointment|Can I cancel Tuesday?|don't stop|dont stop|Don’t stop!
non-stop|nonstop pain|never stop|at the end of the day|I will stop by tomorrow
do not cancel my visit|no pares|I had to quit my job|is the bus stop near you
please don't stop|how do I remove a bandage
"""
OTHERS = """
See you this weekend|thanks|ok|When are you open?|I loved the guide|my friend recommended you
unstoppable|legend|stopped by yesterday|canceled|endless|No|nope|hello|123|👍|¿A qué hora abren?
bajar|alternative|I am interested|quite good
"""


def split(block: str) -> list[str]:
    return [text for line in block.strip().splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", split(STOPS))
def test_a_refusal_is_a_stop(text: str) -> None:
    assert classify(text).intent == "stop"


@pytest.mark.parametrize("text", split(UNCLEAR))
def test_a_stop_word_without_a_refusal_goes_to_a_person(text: str) -> None:
    assert classify(text).intent == "unclear"


@pytest.mark.parametrize("text", split(OTHERS))
def test_an_ordinary_reply_is_left_alone(text: str) -> None:
    assert classify(text).intent == "other"


@pytest.mark.parametrize("text", ["START", "start", "Unstop", " start. "])
def test_start_words_start(text: str) -> None:
    assert classify(text).intent == "start"


@pytest.mark.parametrize("text", ["HELP", "info", "Help!", "ayuda"])
def test_help_words_ask_for_help(text: str) -> None:
    assert classify(text).intent == "help"


@pytest.mark.parametrize("text", ["Y", "y", "YES", "Yes!", "confirm", "JOIN", "sí"])
def test_a_yes_confirms(text: str) -> None:
    reading = classify(text)
    assert reading.intent == "confirm"
    assert reading.also_start is (text.lower().startswith("yes"))


@pytest.mark.parametrize(
    "text", ["stop contacting me", "STOPALL", "stop all", "remove me", "leave me alone",
             "stop texts and emails", "I withdraw my consent"],
)  # fmt: skip
def test_a_refusal_of_contact_in_general_ends_email_too(text: str) -> None:
    assert classify(text).everything


@pytest.mark.parametrize("text", ["STOP", "stop texting me", "no more texts", "opt out"])
def test_a_refusal_of_texts_leaves_email_alone(text: str) -> None:
    assert not classify(text).everything


@pytest.mark.parametrize("text", ["wrong number", "WRONG PERSON!", "numero equivocado"])
def test_a_wrong_number_is_marked_as_one(text: str) -> None:
    assert classify(text).wrong_number


def test_the_rule_that_decided_is_named() -> None:
    assert classify("please stop").rule == "tier2:please_stop"
    assert classify("STOP").rule == "tier1:stop"
    assert classify("can I stop by?").rule == "tier3:stop"
    assert classify("don't stop").rule == "negated"
    assert classify("").rule == "empty"


@given(st.text(max_size=200))
def test_no_text_whatever_breaks_the_matcher(text: str) -> None:
    assert classify(text).intent in {"stop", "unclear", "start", "help", "confirm", "other"}


@given(st.sampled_from(["stop", "quit", "cancel", "opt out"]), st.text("!.,?  \n\t*'", max_size=6))
def test_case_and_punctuation_never_hide_a_stop(word: str, noise: str) -> None:
    assert classify(noise + word.upper() + noise).intent == "stop"
