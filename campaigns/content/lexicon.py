"""Words about health that may not be said, or only with care: the claims lexicon as data.

``B`` blocks, ``W`` warns. Each rule carries the wording that can pass: a whole sentence
for claims, a plain word or nothing for adjectives. A pass is necessary, never enough:
the medical review decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from campaigns.content.findings import BLOCK, WARN

ASK = "Ask our clinicians whether light therapy fits you."
VARY = "Results vary from person to person. Ask our clinicians whether it fits you."
RESEARCH = "Research on this is still developing. Ask our clinicians what is known so far."
FIRST = "Tell us about medicines, pregnancy, eye conditions or light sensitivity first."
MEDICINES = "Do not change medicines without your clinician."

CONDITIONS = (
    r"(?:muscle\s+)?spasms?|cramps?|(?:joint|back|knee|neck|muscle|chronic)\s+pain|pain|arthritis|"
    r"aching\s+joints?|stiffness|acne|eczema|psoriasis|rosacea|wrinkles?|scars?|hair\s+loss|"
    r"wounds?|disease|illness|condition|disorder|inflammation|migraines?|headaches?|insomnia"
)
SERIOUS = (
    r"cancer|tumou?rs?|diabetes|covid|alzheimer\S*|autis\w+|depress\w+|infertility|"
    r"endometriosis|fibromyalgia|neuropath\w+"
)
BENEFIT = (
    r"help\w*|reliev\w*|relief|eas(?:e|es|ed|ing)|improv\w*|reduc\w*|support\w*|benefit\w*|"
    r"treat\w*|manag\w*|sooth\w*|better|recover\w*|fight\w*|works?\s+(?:for|on|against)"
)
LIGHT = r"red[\s-]light|light[\s-]therapy|near[\s-]infrared|infrared|photobiomodulation|\bRLT\b"
HEDGE = (
    r"\bmay\b|\bmight\b|\bcould\b|\bsome\b|\bnot\b|\bstill\b|\bresearch\w*|\bstud(?:y|ies|ied)\b|"
    r"\bwhether\b|\bask\b|\bunclear\b|\btalk\b|\bquestions?\b"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the lexicon."""

    code: str
    level: str
    pattern: re.Pattern[str]
    why: str
    passing: str | None
    """A sentence that stands in for the whole sentence; "" takes the word out; None: no wording."""
    word_only: bool = False
    """Whether only the matched words are replaced, not the sentence."""


def _rule(
    code: str,
    level: str,
    pattern: str,
    why: str,
    passing: str | None,
    *,
    word_only: bool = False,
) -> Rule:
    return Rule(code, level, re.compile(pattern, re.IGNORECASE), why, passing, word_only)


RULES: tuple[Rule, ...] = (
    _rule(
        "fda_approved",
        BLOCK,
        r"\bFDA[\s-]+approv\w*",
        "Such devices are cleared, not approved, by the FDA.",
        ASK,
    ),
    _rule(
        "fda_status",
        BLOCK,
        r"\bFDA[\s-]+(?:registered|listed|certified|endorsed)\b",
        "FDA registration says nothing about whether a device works.",
        ASK,
    ),
    _rule(
        "cure",
        BLOCK,
        r"\bcur(?:e|es|ed|ing)\b",
        "To cure is an absolute claim about disease.",
        VARY,
    ),
    _rule(
        "heal",
        BLOCK,
        r"\bheals\b|\bheal(?:ed|ing)?\s+(?:your|the|any|all|every|from)\b|\bhealing\s+power",
        "To heal is an absolute claim.",
        VARY,
    ),
    _rule(
        "guarantee",
        BLOCK,
        r"\bguarantee\w*|\brisk[\s-]free\b|\b100\s?%|\balways\s+works?\b|\bnever\s+fails?\b",
        "Nobody can promise a result.",
        VARY,
    ),
    _rule(
        "treat",
        BLOCK,
        rf"\btreat(?:s|ed|ing|ments?)?\b(?:\s+(?:of|for|your|the|any|all))?(?:\s+\w+){{0,2}}\s+(?:{CONDITIONS})\b",
        "This says that the device treats a condition.",
        ASK,
    ),
    _rule(
        "prevent",
        BLOCK,
        rf"\bprevent(?:s|ed|ing)?\b(?:\s+\w+){{0,3}}\s+(?:{CONDITIONS})\b",
        "This promises to prevent a condition.",
        VARY,
    ),
    _rule(
        "absolute",
        BLOCK,
        r"\brevers(?:e|es|ed|ing)\b|\beliminat(?:e|es|ed|ing)\b|\beradicat\w+|\bget(?:s|ting)?\s+rid\s+of\b|"
        r"\bend(?:s)?\s+your\s+pain\b|\bpain[\s-]free\b|\bpermanent(?:ly)?\b|\binstant(?:ly)?\b|\bovernight\b",
        "This promises a complete or lasting effect.",
        VARY,
    ),
    _rule(
        "proven",
        BLOCK,
        r"\b(?:clinically|scientifically|medically)[\s-]+proven\b|\bproven\s+to\b",
        "This says that there is proof; that needs trials of this device on file.",
        RESEARCH,
    ),
    _rule(
        "recommended",
        BLOCK,
        r"\b(?:doctor|physician|expert)s?[\s-]+(?:recommended|approved|recommend)\b",
        "An endorsement needs a true basis; the review prints its own line.",
        "",
    ),
    _rule(
        "hype",
        BLOCK,
        r"\bmirac(?:le|les|ulous)\b|\bbreakthroughs?\b|\brevolutionary\b|\bsecrets?\b|\bdoctors\s+hate\b",
        "This sounds like a trick, to people and to spam filters.",
        "",
        word_only=True,
    ),
    _rule(
        "safety",
        BLOCK,
        r"\bsafe\s+for\s+every(?:one|body)\b|\bno\s+side[\s-]effects?\b|\b(?:no|zero)\s+risks?\b|\b100\s?%\s+natural\b|\bcompletely\s+safe\b",
        "No care is safe for everyone.",
        FIRST,
    ),
    _rule(
        "medicine",
        BLOCK,
        r"\breplac(?:e|es|ing)\s+(?:your\s+)?(?:medicines?|medications?|surgery|doctors?)\b|\bstop\s+taking\b|"
        r"\binstead\s+of\s+(?:drugs|opioids|surgery|medicines?|medications?)\b",
        "This may lead somebody to stop care that they need.",
        MEDICINES,
    ),
    _rule(
        "unsupported",
        BLOCK,
        r"\bdetox\w*|\bboost(?:s|ing)?\s+(?:your\s+)?immun\w+|\bbalanc(?:e|es|ing)\s+(?:your\s+)?hormones\b|"
        r"\banti[\s-]ag(?:e)?ing\s+cure\b|\bfat[\s-]melting\b|\bmelts?\s+fat\b|\bweight[\s-]loss\b|\blose\s+weight\b",
        "There is no support for this.",
        VARY,
    ),
    _rule(
        "serious",
        BLOCK,
        rf"(?=.*\b(?:{SERIOUS})\b)(?=.*\b(?:{BENEFIT})\b).+",
        "A serious disease stands in a sentence about a benefit.",
        FIRST,
    ),
    _rule(
        "cramps",
        BLOCK,
        r"(?=.*\b(?:menstrual|period)\b)(?=.*\bcramps?\b)(?=.*\b(?:relief|reliev\w*|eas(?:e|es|ed|ing)|help\w*|stop\w*|reduc\w*)\b).+",
        "There is no cleared indication for cramps, so no benefit may be named.",
        "Learn what causes cramps, the self-care basics, and when to see a clinician.",
    ),
    _rule(
        "status",
        BLOCK,
        rf"\byou\s+suffer\s+from\b|\bbecause\s+you\s+have\b|\byour\s+(?:{CONDITIONS})\b",
        "This tells people what they have; nobody else should learn that, nor we guess it.",
        "Here is something to know, whatever brings you to us.",
    ),
    _rule(
        "fda_cleared",
        WARN,
        r"\bFDA[\s-]+cleared\b",
        "This is allowed only with the device's name, its number and its indication.",
        None,
    ),
    _rule(
        "evidence",
        WARN,
        r"\b(?:stud(?:y|ies)|research|trials?|science)\s+(?:shows?|proves?|confirms?|has\s+shown|have\s+shown)\b",
        "Name the study of people that shows it, and its limits.",
        RESEARCH,
    ),
    _rule(
        "comparison",
        WARN,
        r"\b(?:the\s+)?best\b|#\s?1\b|\bnumber\s+one\b|\bleading\b|\bmost\s+advanced\b|\bonly\s+clinic\b",
        "A comparison needs proof.",
        "",
        word_only=True,
    ),
    _rule(
        "testimonial",
        WARN,
        r"\bbefore[\s-]*(?:and|/|&)[\s-]*after\b|\btestimonials?\b",
        "A story or a pair of pictures must be typical, and needs the person's written consent.",
        None,
    ),
    _rule(
        "licence",
        WARN,
        r"\bspecialists?\b|\bboard[\s-]certified\b",
        "Titles may be used only as the licence rules allow.",
        None,
    ),
    _rule(
        "free",
        WARN,
        r"\bfree\s+(?:consult\w*|session|visit|treatment|trial)\b",
        "State the conditions of a free offer next to it.",
        None,
    ),
)
"""CLAIM words in the order in which they are looked for; the first hit of a sentence counts."""

URGENCY = re.compile(
    r"\btoday\s+only\b|\blast\s+chance\b|\bends\s+tonight\b|\bfinal\s+hours\b|\bexpires?\b|"
    r"\bonly\s+\d+\s+left\b|\bfree\b|\bact\s+now\b|\bhurry\b",
    re.IGNORECASE,
)
"""In a subject these need an end date that is true."""

FALSE_THREAD = re.compile(r"^\s*(?:re|fwd?|aw)\s*:\s*", re.IGNORECASE)

CARRIER_BLOCKED = re.compile(
    r"\b(?:sex\w*|porn\w*|nudes?|alcohol\w*|beers?|wines?|vodka|whisk(?:e)?y|liquor|guns?|firearms?|ammo|"
    r"ammunition|tobacco|cigar\w*|vap(?:e|es|ing)|nicotine|cannabis|marijuana|thc|cbd|kratom|"
    r"casinos?|gambl\w+|lotter(?:y|ies))\b",
    re.IGNORECASE,
)
"""Subjects that carriers refuse in texts."""

CARRIER_DOUBTFUL = re.compile(
    r"\bact\s+now\b|\bverify\s+your\s+account\b|\bclick\s+(?:here|below)\s+now\b|\$\$+|"
    r"\b(?:payday|loans?|debt|get\s+rich|work\s+from\s+home|winner|prize)\b",
    re.IGNORECASE,
)
"""Ways of writing that carriers take for fraud."""
