"""Replies are read as a reasonable person reads them."""

from __future__ import annotations

import time
from typing import Any

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
STOP 2 END|STOP to end|reply stop|text STOP|ok stop now thanks|I said stop|No, stop!|just stop
Stop bro
can u stop sending me these|could you please stop|you people need to stop|I need you to stop
how do I stop these texts|How do i stop?|if you don't stop texting me I will sue|why won't you stop
I don't want these texts|I don't want to be contacted|I dont want to receive anything from you
I do not wish to get these messages|no longer wish to receive|I don't want this anymore
take my number off your list|Please take us off|remove this number from your list|delete my number
I want off this list|get me out of this list|lose this number|please delete me|remove from list
where do I unsubscribe?|unsubscribe from all|unsubcribe|UNSUSCRIBE|un-subscribe|cancel the messages
I didn't sign up for this|I never gave you permission|I don't consent|I never asked for these
quit it|enough|enough already|go away|F off|fuck off|f*** off|get lost|leave me the hell alone
I'm sick of these texts|too many texts|this is spam|this is harassment|I'm going to block you
I will report you to the FCC|cease and desist|no more|please no more|no texts
don't send me this crap
you have the wrong number|This isn't Maria's number|nobody by that name here|not her phone anymore
ya no quiero mensajes|bórrame de la lista|no molesten|déjenme en paz|ya basta|basta|¡Basta ya!
no quiero recibir nada|no quiero más|no me manden mensajes|no me envíes más|por favor no me llamen
quítenme de su lista|eliminen mi número|cancelar suscripción|se equivocó de número|parar por favor
sáquenme de la lista|no necesito sus mensajes|retiro mi consentimiento|yo no me inscribí
dame de baja
СТОР|стоп|Ѕtоp|🆂🆃🅾🅿|🇸🇹🇴🇵|𝐒𝐓𝐎𝐏|sᴛᴏᴘ|s\u200bt\u200bo\u200bp|s̶t̶o̶p̶|STØP|$top|5top|st.op|s top
can cel|stop1|wrong #|take off my number please|block me please
por favor pare|no gracias, quítame|cancélame|nomás|por favor paren
stoppp|STOOOP|stpo|sotp|tsop|stp|cancle|STOPTEXTINGME|pleasestop|stop2end|s t o p please
🙏stop|🚫|🖕
"""
STOPS_ON_LINES = (
    "Stop\nJohn Smith",
    "STOP\n\nSent from my iPhone",
    "please\nstop",
    "stop\r\n-- \nMaria Gonzalez\n555-0100",
    "Stop. I'm at work",
    "I am driving. STOP!",
)
UNCLEAR = """
can I stop by at 3?|cancel my appointment|Can I cancel Tuesday?|don't stop|dont stop|Don’t stop!
non-stop|nonstop pain|never stop|at the end of the day|I will stop by tomorrow
do not cancel my visit|no pares|I had to quit my job|is the bus stop near you
please don't stop|how do I remove a bandage|please don't stop texting me|don't unsubscribe me
I don't want to stop the texts|do not remove me|don't take me off the list
I didn't mean to unsubscribe
end of the week ok?|I will quit smoking|my pain won't stop|how do I stop the bleeding|bus stop
The end
doctor told me to stop taking ibuprofen|can you stop by|please cancel my appointment|cancel 3pm
quiero cancelar mi cita|no cancelen mi cita|tengo el colesterol alto|presión baja|remove stitches?
I don't want to be removed|I do not want to be taken off|Should I reply STOP?|I withdraw|no quiero
estoy de baja médica|trabajo de baja
no thanks|no gracias|how did you get my number|is this spam?
"""
OTHERS = """
See you this weekend|thanks|ok|When are you open?|I loved the guide|my friend recommended you
unstoppable|legend|stopped by yesterday|canceled|endless|No|nope|hello|123|👍|¿A qué hora abren?
bajar|alternative|I am interested|quite good|yes please call me|ok thanks|help my knee hurts
info about prices|start of the week|who is this?|I don't want surgery|I don't want to wait
no problem
para mañana|para el lunes|no puedo ir mañana|gracias|¿cuánto cuesta?|me duele la rodilla|sí quiero
mándame el link|not sure|the shop|quiet please|step by step|stopped hurting|can I get a massage
I got a new number|text me later|I need help with booking|good enough for me|call me|my phone is 555
Liked “Deeply Vital: New tips. Reply STOP to opt out”|Loved "See you. Reply STOP to opt out"
"""


def split(block: str) -> list[str]:
    return [text for line in block.strip().splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", split(STOPS))
def test_a_refusal_is_a_stop(text: str) -> None:
    assert classify(text).intent == "stop"


@pytest.mark.parametrize("text", STOPS_ON_LINES)
def test_a_stop_above_a_signature_or_in_a_sentence_of_its_own_is_a_stop(text: str) -> None:
    assert classify(text).intent == "stop"


def test_what_stands_under_a_line_never_hides_a_stop() -> None:
    assert classify("hello\n--\nSTOP").intent == "stop"
    assert classify("Yes\n\nSent from my iPhone").intent == "confirm"


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


@pytest.mark.parametrize("text", ["Y", "y", "YES", "Yes!", "confirm", "JOIN", "sí", "Yes please"])
def test_a_yes_confirms(text: str) -> None:
    reading = classify(text)
    assert reading.intent == "confirm"
    assert reading.also_start is (text.lower().strip("!") == "yes")


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


INTENTS = {"stop", "unclear", "start", "help", "confirm", "other"}
AROUND = ["see", "you", "at", "the", "clinic", "on", "my", "way", "for", "ok", "knee", "3", "pm"]
TIER_1 = [
    *("stop", "stopall", "quit", "end", "revoke", "optout", "cancel", "unsubscribe", "remove"),
    *("arret", "alto", "parar", "baja", "cancelar"),
]
READINGS = split(STOPS + UNCLEAR + OTHERS)


@given(st.text(max_size=400))
def test_no_text_whatever_breaks_the_matcher(text: str) -> None:
    assert classify(text).intent in INTENTS


@given(
    st.sampled_from([*TIER_1, "opt out", "no más", "stop all"]),
    st.text("!.,?  \n\t*'🙏😡\u200b\ufe0f\u0301", max_size=8),
)
def test_case_punctuation_and_emoji_never_hide_a_stop(word: str, noise: str) -> None:
    for text in (noise + word.upper() + noise, noise + word.title() + noise, word + noise):
        assert classify(text).intent == "stop"


@given(st.sampled_from(READINGS), st.sampled_from([str.upper, str.lower, str.swapcase]))
def test_case_and_space_around_never_change_a_reading(text: str, change: Any) -> None:
    wanted = classify(text).intent
    if "“" in text or '"' in text:
        return  # a phone writes its reactions in one way only
    assert classify(change(text)).intent == wanted
    assert classify(f"  \n{text}\n\t ").intent == wanted
    assert classify(f"{text} 😀").intent == wanted


@given(
    st.lists(st.sampled_from(AROUND), max_size=9),
    st.sampled_from(TIER_1),
    st.lists(st.sampled_from(AROUND), max_size=9),
)
def test_a_stop_word_among_any_words_is_never_passed_over(
    before: list[str], word: str, after: list[str]
) -> None:
    assert classify(" ".join([*before, word, *after])).intent in ("stop", "unclear")


HOSTILE = (
    *("stop ", "please ", "i do not want to be the ", "no me ", "a", "stop all any these ", "\n"),
    *("stopitit", "take my ", "a.b,", "remove my x ", "dont you ever ", "quit the the ", "-- \n"),
    *(
        "no longer ",
        "who is this ",
        "sent from my ",
        'Liked "',
        "~- ",
        "do not want you for in to ",
    ),
    *(
        "cancel to me ",
        "no no ",
        "dejen me ",
        "opt me ",
        "not not to ",
        "\u0301",
        "s t ",
        "1",
        "_ ",
    ),
)


@pytest.mark.parametrize("part", HOSTILE)
def test_a_hostile_text_costs_no_more_than_a_friendly_one(part: str) -> None:
    for length in (1600, 100_000):
        text = (part * (length // len(part) + 1))[:length]
        began = time.process_time()
        classify(text)
        # Milliseconds; a pattern that runs away would take minutes.
        assert time.process_time() - began < 5
