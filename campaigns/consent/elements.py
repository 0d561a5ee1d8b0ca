"""Whether words that people were shown make an agreement to marketing texts. Pure.

For forms that were not written here: paper of earlier years, another system's page. The
points are those of 47 CFR 64.1200(f)(9) that can be read in the words: who texts, that it is
marketing, by automated means, and that nothing is bought by agreeing. What can only be seen
on the form itself (signed, the number, plainly visible) staff vouch for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_POINTS = (
    (
        re.compile(r"\b(texts?|text messages?|sms|mensajes? de texto|textos?)\b"),
        "They do not say that texts are sent.",
    ),
    (
        re.compile(r"marketing|\bpromo|\badvertis|\bpublicit|\boffers?\b|\bofertas?\b"),
        "They do not say that the texts are marketing.",
    ),
    (
        re.compile(r"\bauto(mat|dial|mátic|mati)|\bautodialer"),
        "They do not say that the texts are automated.",
    ),
    (
        re.compile(
            r"\b(no|not|never|without|isn.t|sin|ningun\w*)\b[^.;]{0,60}"
            r"\b(condi\w+|required?|requirements?|obligat\w+|requisitos?|purchas\w+)"
        ),
        "They do not say that agreeing is no condition of buying anything or of care.",
    ),
)


def lacks_for_texts(words: str, *, names: Iterable[str] = ()) -> list[str]:
    """Return a sentence for each point that the words lack; none when they hold.

    ``names`` are the names that the clinic goes by; the words must say one of them. Where no
    name is known, that point is left to who vouches.
    """
    plain = " ".join(words.casefold().split())
    known = [" ".join(name.casefold().split()) for name in names if name.strip()]
    lacking = []
    if known and not any(name in plain for name in known):
        lacking.append(f"They do not name who texts ({next(n for n in names if n.strip())}).")
    return lacking + [sentence for pattern, sentence in _POINTS if not pattern.search(plain)]
