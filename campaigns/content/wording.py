"""Wording that many messages share, written once, so that a physician signs it once."""

from __future__ import annotations

DISCLAIMER = (
    "Talk with a licensed clinician before starting light therapy, especially if you are "
    "pregnant, take light-sensitising medicine, or have eye or skin disease, cancer history, "
    "or seizures."
)
"""Stands in every message about a health topic."""

EDUCATION_ONLY = (
    "General education only. It is not medical advice, a diagnosis or a treatment plan."
)
NO_REPLIES = "Please do not reply with health details. Emergency: call 911."

SMS_OPT_OUT = "Reply STOP to opt out"
SMS_PROGRAMME = (
    "Up to {n} msgs/mo. Msg & data rates may apply. Reply HELP for help, STOP to opt out."
)
"""Stands in place of the opt-out hint in the first text that a person gets."""

BOOK_LABEL = "Book a visit"
ASK_LABEL = "Ask our clinicians"
CALL_LABEL = "Call us"
TEST_NOTICE = "This is a test, sent to staff only."
