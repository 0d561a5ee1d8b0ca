"""What a texted reply means: stop, perhaps stop, start, help, yes, or something else.

Pure. Providers recognise single keywords only; the law counts anything that a reasonable
person reads as a refusal (47 CFR 64.1200(a)(10)). Three tiers, in this order:

1. the reply is a stop word and nothing that changes it ("STOP", "opt-out", "no más");
   then, before the next tier, a negated stop ("don't stop"), which is unclear;
2. a phrase of refusal stands anywhere in it ("please stop", "take me off": ``refusals``);
3. a stop word stands in it, but not as a refusal ("can I stop by at 3?"): unclear.
   Marketing is held, and a person of the staff decides.

All of it looks at folded words (``folding``): case, accents, emoji, look-alike letters
and common slips never change what a reply means.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from campaigns.consent.folding import STOP_WORDS, fold
from campaigns.consent.refusals import EVERYTHING, FILLERS, NEGATED, PHRASES, UNCERTAIN

Intent = Literal["stop", "unclear", "start", "help", "confirm", "other"]


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


_STOP_SIGNS = frozenset("🛑✋🚫⛔🖕")
_TIER_1 = STOP_WORDS | {"stop all", "opt out", "no mas"}
_ALL = frozenset({"stop all", "stopall"})
_AMBIGUOUS = frozenset({"end", "cancel", "remove", "cancelar", "alto", "baja"})
"""Stop words that also speak of visits and bodies: a sentence of their own is not enough."""
_START = frozenset({"start", "unstop", "restart", "start please", "please start", "empezar"})
_HELP = frozenset({"help", "info", "ayuda"})
_CONFIRM = frozenset({"y", "yes", "confirm", "join", "si"})
_POLITE = frozenset({"please", "thanks", "thank", "you", "ok", "por", "favor", "gracias"})

_TIER_3 = re.compile(rf"\b(?:{'|'.join(sorted(STOP_WORDS, key=len, reverse=True))})\b|\bopt out\b")
_REACTION = re.compile(
    r"\s*(?:(?:Liked|Loved|Laughed at|Emphasized|Questioned|Disliked|Reacted \S{1,8} to"
    r"|Removed an? [\w ]{1,20} from|Le gust[oó]|Le encant[oó]|No le gust[oó]|Se rio de|Destac[oó])"
    r" [“\"«])(.*)[”\"»]\s*",
    re.DOTALL,
)
"""A tapback of a phone: what it quotes are our own words, with our own STOP in them."""
_DISLIKED = re.compile(r"\s*(?:Disliked|No le gust[oó]|Reacted 👎)")
_SIGNATURE = re.compile(
    r"\n[ \t]*(?:--|—|__)[ \t]*\n.*\Z"
    r"|(?:sent|enviado) (?:from my|via|desde mi) .{1,40}\Z|get outlook for .{1,20}\Z",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE_ENDS = re.compile(r"[.!?;:\n\r,|/—–]+|\s[-~]+\s*")
_PARTS_READ = 40


def classify(text: str) -> Reading:
    """Return what a reply means; never raises, whatever the text."""
    if _REACTION.fullmatch(text[:2000]):
        if _DISLIKED.match(text):
            return Reading("unclear", "reaction")
        return Reading("other", "reaction")
    text = text[:8000]
    reading = _read(text)
    unsigned = _SIGNATURE.sub("", text)
    if reading.intent in ("unclear", "other") and unsigned != text and unsigned.strip():
        found = _read(unsigned)
        # What stands under a line may be more than a signature: it never hides a stop.
        if found.intent == "stop" or reading.intent == "other":
            return found
    return reading


def _read(text: str) -> Reading:
    words = fold(text)
    if not words:
        signs = {c for c in unicodedata.normalize("NFKC", text) if c in _STOP_SIGNS}
        return Reading("stop", "tier1:sign") if signs else Reading("other", "empty")
    if words in _TIER_1 or _is_repeated(words):
        return Reading("stop", f"tier1:{words.split()[0]}", everything=words in _ALL)
    exact = _keyword(words)
    if exact is not None:
        return exact
    if NEGATED.search(words):
        return Reading("unclear", "negated")
    return _refusal(text, words) or _perhaps(words)


def normalise(text: str) -> str:
    """Return the words of a reply: no case, accents, punctuation or emoji; ``st0p`` is stop."""
    return fold(text)


def _keyword(words: str) -> Reading | None:
    if words in _HELP:
        return Reading("help", f"help:{words}")
    if words in _START:
        return Reading("start", f"start:{words.replace(' ', '_')}")
    first, _, rest = words.partition(" ")
    if first in _CONFIRM and set(rest.split()) <= _POLITE:
        return Reading("confirm", f"confirm:{first}", also_start=words == "yes")
    return None


def _refusal(text: str, words: str) -> Reading | None:
    found = _phrase(words) or _lone_stop(text, words)
    if found is None:
        return None
    return Reading(
        "stop",
        f"tier2:{found}",
        everything=bool(EVERYTHING.search(words)),
        wrong_number=_WRONG.search(words) is not None,
    )


def _phrase(words: str) -> str | None:
    return next((rule for rule, pattern in PHRASES if pattern.search(words)), None)


def _lone_stop(text: str, words: str) -> str | None:
    """Find a stop word that stands by itself: among words that add nothing, or as a sentence."""
    said = words.split()
    if any(word in STOP_WORDS for word in said) and all(
        word in STOP_WORDS or word in FILLERS or word in ("opt", "out") for word in said
    ):
        return "only_stop"
    parts = [part for part in _SENTENCE_ENDS.split(text)[:_PARTS_READ] if part.strip()]
    if len(parts) > 1:
        for part in parts:
            alone = fold(part)
            if alone in _TIER_1 and alone not in _AMBIGUOUS:
                return "a_sentence"
            if alone and _is_plain_stop(alone):
                return "a_sentence"
    return None


def _is_plain_stop(words: str) -> bool:
    said = words.split()
    if len(said) < 2 or not {"stop", "unsubscribe", "stopall", "optout"} & set(said):
        return False
    return all(word in STOP_WORDS or word in FILLERS for word in said)


def _perhaps(words: str) -> Reading:
    found = _TIER_3.search(words)
    if found:
        return Reading("unclear", f"tier3:{found.group().replace(' ', '')}")
    if UNCERTAIN.search(words):
        return Reading("unclear", "perhaps")
    return Reading("other", "none")


_WRONG = dict(PHRASES)["wrong_number"]


def _is_repeated(words: str) -> bool:
    """Tell whether a reply is one stop word said several times."""
    said = set(words.split())
    return len(said) == 1 and said <= _TIER_1
