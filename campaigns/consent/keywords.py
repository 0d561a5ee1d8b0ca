"""What a texted reply means: stop, perhaps stop, start, help, yes, or something else.

Pure. Providers recognise single keywords only; the law counts anything that a reasonable
person reads as a refusal (47 CFR 64.1200(a)(10)). Three tiers, in this order:

1. the whole reply is a stop word ("STOP", "opt-out", "no más");
   then, before the next tier, a negated stop ("don't stop"), which is unclear;
2. a phrase of refusal stands anywhere in it ("please stop", "take me off");
3. a stop word stands in it, but not as a refusal ("can I stop by at 3?"): unclear.
   Marketing is held, and a person of the staff decides.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Intent = Literal["stop", "unclear", "start", "help", "confirm", "other"]

LONGEST = 1600


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply means, and which rule says so (for the trail, and for tuning)."""

    intent: Intent
    rule: str
    everything: bool = False
    """The refusal is of contact in general: email ends too."""
    wrong_number: bool = False
    """The number is not this person's: it is to be taken off."""
    also_start: bool = False
    """A YES: it confirms an open request; without one it is a START."""


_STOP_SIGNS = frozenset("🛑✋")
_APOSTROPHES = re.compile("['’‘ʼ`´]")
_NOT_WORD = re.compile(r"[^\w]+|_")

_STOP_WORDS = (
    "stop|stopall|quit|end|revoke|optout|cancel|unsubscribe|remove|arret|alto|parar|baja|cancelar"
)
_TIER_1 = frozenset({*_STOP_WORDS.split("|"), "stop all", "opt out", "no mas"})
_START = frozenset({"start", "unstop"})
_HELP = frozenset({"help", "info", "ayuda"})
_CONFIRM = frozenset({"y", "yes", "confirm", "join", "si"})

_NEGATED = re.compile(
    r"\b(?:do not|dont|never|non|no) (?:stop|stopping|quit|end|cancel|unsubscribe|remove)\b"
    r"|\bnonstop\b|\bno (?:pares|paren|cancelen?|me quiten?)\b"
)

_THINGS = r"(?:text|txt|messag|msg|contact|send|call|email|spam|bother)\w*"
_TIER_2: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (rule, re.compile(rf"\b(?:{pattern})\b"))
    for rule, pattern in (
        ("stop_texting", rf"stop (?:(?:all|these|those|the|your|with) )?{_THINGS}"),
        ("please_stop", r"(?:please|pls|plz) stop"),
        ("stop_please", r"stop (?:please|pls|plz|now|it|this)"),
        ("cancel_texts", r"(?:cancel|end|quit) (?:\w+ )?(?:text|txt|messag|subscri)\w*"),
        ("unsubscribe", r"unsub\w*"),
        ("opt_out", r"opt(?:ing|ed)? (?:me )?out"),
        ("take_me_off", r"(?:take|get) me off"),
        ("remove_me", r"remove (?:me|my (?:phone |cell )?(?:number|name))"),
        ("do_not_text", r"(?:do not|dont|never) (?:ever )?(?:text|txt|contact|message|call)\w*"),
        ("no_more_texts", r"no more (?:text|txt|messag)\w*"),
        ("leave_me_alone", r"leave me alone"),
        ("lose_my_number", r"lose my number"),
        ("wrong_number", r"wrong (?:number|person)|(?:numero|persona) equivocad[oa]"),
        ("who_is_this_stop", r"who is this\b.*\bstop"),
        ("not_interested", r"not interested|no me interesa"),
        ("never_signed_up", r"i never signed up|nunca me (?:inscribi|registre)"),
        ("withdraw_consent", r"withdraw (?:my )?consent"),
        ("deje_de", r"deje[n]? de|deja de"),
        ("no_escriba", r"no (?:me )?(?:escriba|mande|envie|texte|llame|contacte)\w*"),
        ("no_mas_mensajes", r"no (?:quiero )?(?:mas|recibir) (?:mas )?(?:mensajes|textos)"),
        ("dar_de_baja", r"(?:dar(?:me)?|denme|deme|dame) de baja"),
        ("quiteme", r"(?:quiten?me|borren?me|saquen?me|elimin\w*) (?:de|mi)"),
    )
)  # fmt: skip

_TIER_3 = re.compile(rf"\b(?:{_STOP_WORDS})\b")
_EVERYTHING = re.compile(
    r"\bcontact\w*|\beverything\b|\banything\b|\bstop ?all\b|\bleave me alone\b"
    r"|\bremove me\b|\be?mails?\b|\bwithdraw (?:my )?consent\b|\btodos?\b"
)
_WRONG = "wrong_number"


def classify(text: str) -> Reading:
    """Return what a reply means; never raises, whatever the text."""
    words = normalise(text)
    if not words:
        signs = {c for c in unicodedata.normalize("NFKC", text) if c in _STOP_SIGNS}
        return Reading("stop", "tier1:sign") if signs else Reading("other", "empty")
    if words in _TIER_1 or _is_repeated(words):
        return Reading("stop", f"tier1:{words.split()[0]}", everything=words in _ALL)
    if words in _HELP:
        return Reading("help", f"help:{words}")
    if words in _START:
        return Reading("start", f"start:{words}")
    if words in _CONFIRM:
        return Reading("confirm", f"confirm:{words}", also_start=words == "yes")
    if _NEGATED.search(words):
        return Reading("unclear", "negated")
    for rule, pattern in _TIER_2:
        if pattern.search(words):
            return Reading(
                "stop",
                f"tier2:{rule}",
                everything=bool(_EVERYTHING.search(words)),
                wrong_number=rule == _WRONG or _WRONG_WORDS.search(words) is not None,
            )
    found = _TIER_3.search(words)
    if found:
        return Reading("unclear", f"tier3:{found.group()}")
    return Reading("other", "none")


_ALL = frozenset({"stop all", "stopall"})
_WRONG_WORDS = dict(_TIER_2)[_WRONG]


def normalise(text: str) -> str:
    """Return the words of a reply: no case, accents, punctuation or emoji; ``st0p`` is stop."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    if any(c.isalnum() for c in text):
        text = text.replace("🛑", " stop ")
    text = _APOSTROPHES.sub("", text)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    words = [_fold_zero(word) for word in _NOT_WORD.sub(" ", text).split()]
    if len(words) > 2 and all(len(word) == 1 for word in words):
        words = ["".join(words)]  # "s t o p", "S.T.O.P."
    return " ".join(words)


def _fold_zero(word: str) -> str:
    return word.replace("0", "o") if any(c.isalpha() for c in word) else word


def _is_repeated(words: str) -> bool:
    """Tell whether a reply is one stop word said several times."""
    said = set(words.split())
    return len(said) == 1 and said <= _TIER_1
