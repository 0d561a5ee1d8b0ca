"""From a reply to its plain words: what decorates, disguises or misspells a word is undone.

People answer in capitals, with accents, emoji and signatures, letter by letter, and with
letters of other alphabets that look alike. None of that may change what a reply means.
Pure and bounded: every step is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 6400
"""Characters that are read: four times what Twilio carries."""

STOP_WORDS = frozenset(
    {
        *("stop", "stopall", "quit", "end", "revoke", "optout", "cancel", "unsubscribe"),
        *("remove", "arret", "alto", "parar", "baja", "cancelar"),
    }
)
"""Single words that are a refusal when nothing else is said (REV-02, REV-03)."""

_INVISIBLE = frozenset({"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u180e"})
_SEPARATE = re.compile(r"[^\w]+|_")
_APOSTROPHES = re.compile("['’‘ʼ`´＇]")
_WRONG_SIGN = re.compile(r"\bwrong ?#")
_DOLLAR = re.compile(r"\$(?=[a-z])")

_ALIKE = str.maketrans(
    {
        # Cyrillic, by look, and where there is none by sound
        "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "г": "g", "н": "h", "і": "i", "и": "i",
        "ј": "j", "к": "k", "ӏ": "l", "л": "l", "м": "m", "п": "p", "о": "o", "р": "p", "ԛ": "q",
        "ѕ": "s", "т": "t", "у": "y", "ѵ": "v", "ԝ": "w", "х": "x", "ѐ": "e", "ђ": "h", "ґ": "g",
        # Greek
        "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
        "π": "p", "ρ": "p", "σ": "s", "ς": "s", "τ": "t", "υ": "u", "χ": "x", "ω": "w",
        # Latin letters that have no plain form of their own
        "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ƫ": "t", "ʂ": "s", "ƨ": "s",
        "ɵ": "o", "ꜱ": "s", "ᴛ": "t", "ᴏ": "o", "ᴘ": "p", "ᴀ": "a", "ᴄ": "c", "ᴇ": "e", "ɪ": "i",
        "ʟ": "l", "ᴍ": "m", "ɴ": "n", "ǫ": "q", "ʀ": "r", "ᴜ": "u", "ᴠ": "v", "ʙ": "b", "ᴅ": "d",
        "ᴋ": "k", "ʏ": "y", "ʜ": "h", "ɢ": "g", "ᴡ": "w", "ᴢ": "z", "ɑ": "a", "ɡ": "g",
        "†": "t",
        # letters in boxes that compatibility forms leave alone
        **{chr(0x1F150 + n): chr(97 + n) for n in range(26)},
        **{chr(0x1F170 + n): chr(97 + n) for n in range(26)},
        **{chr(0x1F1E6 + n): chr(97 + n) for n in range(26)},
    }
)  # fmt: skip
_DIGITS = (
    str.maketrans("013457", "oieast"),
    str.maketrans("013457", "oleast"),
)
"""Digits that stand for letters; a one is an i or an l."""

_MISSPELT: dict[str, str] = {
    "ctop": "stop", "stopp": "stop", "arrete": "arret", "arretez": "arret", "arreter": "arret",
    "unsub": "unsubscribe", "unsubs": "unsubscribe", "unsubcribe": "unsubscribe",
    "unsuscribe": "unsubscribe", "unsubscibe": "unsubscribe", "unsubsribe": "unsubscribe",
    "unsubscribed": "unsubscribe", "unsubscribing": "unsubscribe", "desuscribir": "unsubscribe",
    "desuscribirme": "unsubscribe", "desinscribir": "unsubscribe", "desabonner": "unsubscribe",
    "cancle": "cancel", "cancell": "cancel", "canel": "cancel", "cansel": "cancel",
    "plz": "please", "pls": "please", "plse": "please", "pleas": "please", "plese": "please",
    "pleae": "please", "plaese": "please", "porfavor": "please", "porfa": "please",
    "u": "you", "ur": "your", "yall": "you", "dnt": "dont", "donot": "dont",
    "dontt": "dont", "txt": "text", "txts": "texts", "txting": "texting", "texing": "texting",
    "texst": "texts", "texs": "texts", "tex": "text", "tetx": "text", "tetxing": "texting",
    "msg": "message", "msgs": "messages", "mesage": "message", "mesages": "messages",
    "messge": "message", "messges": "messages", "messege": "message", "messeges": "messages",
    "mssg": "message", "mssgs": "messages", "mesg": "message", "msging": "messaging",
    "mesaging": "messaging", "sms": "texts", "snd": "send",
    "nubmer": "number", "numer": "number", "numbr": "number", "wanna": "want to",
    "gonna": "going to", "im": "i am", "wont": "will not", "cant": "can not", "cannot": "can not",
    "rmove": "remove", "contct": "contact", "adn": "and", "fone": "phone", "unsubscriber":
    "unsubscribe", "tho": "though", "thx": "thanks", "thnx": "thanks", "ty": "thanks",
}  # fmt: skip
_REAL_WORDS = frozenset(
    {
        *("step", "stops", "stoop", "stomp", "strop", "top", "sop", "stow", "stock", "quits"),
        *("quiet", "quilt", "quip", "quid", "quiz", "suit", "quite", "quito", "cancels"),
        *("cancela", "cancele", "removes", "removed", "remote", "revokes", "revoked"),
        *("evoke"),
    }
)
"""Words one slip away from a stop word that mean something else."""
_GUESSED = ("stop", "quit", "cancel", "remove", "revoke", "unsubscribe", "stopall", "optout")
_GLUED = re.compile(
    r"(please|pls|plz|just)?(stop|unsubscribe|quit|optout)"
    r"((?:stop|quit|please|pls|plz|now|this|these|them|me|it|all|the|sending|sen(?=d)|texting|texts"
    r"|text|txting|txts|txt|messaging|messages|message|msgs|msg|spamming|spam|calling|contacting"
    r"|(?:2|to)(?:end|quit|stop|cancel))*)"
)
_LONGEST_GLUED = 60
_SHORT = {"txt": "text", "msg": "message"}


def fold(text: str) -> str:
    """Return the words of a reply, lower case, in plain Latin letters, one space between."""
    plain = unicodedata.normalize("NFKC", _without_invisible(text[:LONGEST])).casefold()
    if any(c.isalnum() for c in plain):
        plain = plain.replace("🛑", " stop ")
    plain = _APOSTROPHES.sub("", plain)
    plain = _without_invisible(unicodedata.normalize("NFD", plain)).translate(_ALIKE)
    plain = _WRONG_SIGN.sub("wrong number", _DOLLAR.sub("s", plain))
    words = _join_letters(_SEPARATE.sub(" ", plain).split())
    joined = "".join(words)
    if len(words) > 1 and (joined in STOP_WORDS or _MISSPELT.get(joined) in STOP_WORDS):
        return _MISSPELT.get(joined, joined)  # "s top", "un subscribe"
    return " ".join(_mend(word) for word in words)


def _without_invisible(text: str) -> str:
    """Drop what is not seen, and what only decorates a letter: accents, joiners, marks."""
    return "".join(
        c for c in text if c not in _INVISIBLE and unicodedata.category(c) not in ("Mn", "Me", "Cf")
    )


def _join_letters(words: list[str]) -> list[str]:
    """Join runs of three and more single letters: "s t o p please" begins with one word."""
    joined: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1:
            run.append(word)
            continue
        joined += ["".join(run)] if len(run) > 2 else run
        run = []
        if word:
            joined.append(word)
    return joined


def _mend(word: str) -> str:
    """Return the word that was meant; only stop words and a few common slips are known."""
    if word in STOP_WORDS:
        return word
    if word in _MISSPELT:
        return _MISSPELT[word]
    if word.isdigit() or not word.isascii():
        return word
    if any(c.isdigit() for c in word):
        if word.rstrip("0123456789") in STOP_WORDS:
            return word.rstrip("0123456789")  # "stop1"
        for table in _DIGITS:
            found = word.translate(table)
            if found in STOP_WORDS or _unglue(found):
                return _unglue(found) or found
        glued = _unglue(word.replace("0", "o"))
        return glued or word.replace("0", "o")
    known = _SQUEEZED.get(_squeeze(word))
    if known is not None and len(word) > len(known) and word not in _REAL_WORDS:
        return known  # "stoooop"
    return _unglue(word) or _guess(word) or word


def _squeeze(word: str) -> str:
    """Return a word with each run of one letter made one letter."""
    return "".join(c for n, c in enumerate(word) if n == 0 or word[n - 1] != c)


_SQUEEZED = {_squeeze(word): word for word in STOP_WORDS}


def _unglue(word: str) -> str:
    """Return "please stop texting" for "pleasestoptexting"; empty when it is not such a word."""
    if len(word) > _LONGEST_GLUED:
        return ""
    found = _GLUED.fullmatch(word)
    if found is None:
        return ""
    before, stop, after = found.groups()
    what = re.search(r"text|txt|messag|msg|spam|call|contact|send", after or "")
    doing = _SHORT.get(what.group(), what.group()) if what else ""
    return " ".join(filter(None, ["please" if before else "", stop, doing]))


def _guess(word: str) -> str:
    """Return the stop word that a word is one slip away from, unless it is a word itself."""
    if not 3 <= len(word) <= 13 or word in _REAL_WORDS:
        return ""
    for known in _GUESSED:
        starts_alike = word[0] == known[0] or word[:2] == known[1] + known[0]
        if starts_alike and _is_one_slip(word, known):
            return known
    return ""


def _is_one_slip(word: str, known: str) -> bool:
    """Tell whether two letters are swapped, or one letter is missing; only in known words."""
    if len(word) == len(known):
        differ = [n for n in range(len(word)) if word[n] != known[n]]
        return (
            len(differ) == 2
            and differ[1] == differ[0] + 1
            and word[differ[0]] == known[differ[1]]
            and word[differ[1]] == known[differ[0]]
        )
    if len(word) + 1 == len(known):
        return any(known[:n] + known[n + 1 :] == word for n in range(len(known)))
    return False
