"""What carriers ask before texts may go out (10DLC): the texts for their form, ready to copy.

Campaign registration wants a description, at least two samples with the brand and STOP, and
a message flow of 40 to 2,049 characters that says how people opt in. They are written from
the settings, so that what carriers approve is what the service does.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from sqlalchemy.orm import Session

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, forms, keyword_words
from campaigns.content import sms
from campaigns.delivery import notices
from campaigns.events import answers, joining
from campaigns.staff.blueprint import bp
from campaigns.web import context

FLOW_LENGTH = (40, 2049)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One field of the carriers' form."""

    code: str
    label: str
    text: str
    help: str = ""
    least: int = 1
    most: int = 1024

    @property
    def fits(self) -> bool:
        """Tell whether it has the length that carriers take."""
        return self.least <= len(self.text) <= self.most


@bp.get("/settings/sign-up/carriers")
@requires(Permission.EDIT_CLINIC)
def carrier_texts() -> str:
    """Show the texts for carriers, and what is missing for them."""
    with context.reading() as session:
        clinic = profile.get(session)
        return render_template(
            "staff/sign_up/carriers.html",
            texts=texts(session, clinic, context.services().public_url),
            missing=profile.missing_for_sms(clinic),
        )


def texts(session: Session, clinic: Clinic, base: str) -> list[Text]:
    """Return every text that the form of campaign registration asks for."""
    brand = sms.transliterate(clinic.brand)[0]
    frequency = answers.promised(session)
    stop = "Reply STOP to opt out"
    return [
        Text(
            code="use_case",
            label="Use case",
            text="Marketing",
            help="One program with one opt-in, so not “Mixed”.",
        ),
        Text(
            code="description",
            label="Description",
            text=f"{clinic.name} sends wellness education and booking links by text to adults who "
            f"asked for them on its sign-up form or by keyword and confirmed with a reply. Up to "
            f"{frequency} messages a month. No purchase is needed.",
            least=40,
            most=4096,
        ),
        Text(
            code="flow",
            label="Message flow (call to action)",
            text=_flow(session, clinic, base, frequency),
            help="How people opt in, with the public page that shows it.",
            least=FLOW_LENGTH[0],
            most=FLOW_LENGTH[1],
        ),
        Text(
            code="sample_1",
            label="Sample message 1",
            text=f"{brand}: A short guide is ready for you: {base}/c/example/1 {stop}",
        ),
        Text(
            code="sample_2",
            label="Sample message 2",
            text=f"{brand}: We have open times this week. Book here: {base}/c/example/2 or call "
            f"{_phone(clinic)}. {stop}",
        ),
        Text(
            code="confirm",
            label="Request to confirm",
            text=notices.text(
                {"template": notices.CONFIRM, "locale": "en", "per_month": frequency},
                clinic=clinic,
            ),
        ),
        Text(
            code="welcome",
            label="Opt-in message",
            text=answers.welcome(clinic, frequency=frequency),
        ),
        Text(code="help", label="HELP message", text=answers.help_(clinic, frequency=frequency)),
        Text(code="stop", label="Opt-out message", text=answers.stop(clinic)),
        Text(code="keywords", label="Opt-in keywords", text=", ".join(_keywords(session))),
        Text(code="privacy", label="Privacy policy", text=f"{base}/privacy"),
        Text(code="terms", label="Terms and conditions", text=f"{base}/terms"),
        Text(code="program", label="Page that shows the form", text=f"{base}/sms-program"),
    ]


def _flow(session: Session, clinic: Clinic, base: str, frequency: int) -> str:
    """Return the message flow; the words of the box are quoted as far as the length allows."""
    disclosure = disclosures.current(session, "sms", "en")
    words = disclosures.render(
        disclosure, brand=clinic.brand, privacy_url=f"{base}/privacy", terms_url=f"{base}/terms"
    )
    start = (
        f"Adults opt in on the sign-up form of {clinic.name} at {base}/f/{forms.MAIN}, which is "
        "also framed on our own website, shown on a tablet at our front desk and reached by a QR "
        "code on our posters. They type their mobile number and tick a box of its own for texts; "
        "it is not ticked beforehand, and neither care nor any purchase depends on it."
    )
    quoted = f' The words beside the box: "{words}"'
    keyword = _keyword_flow(session, clinic, base)
    end = (
        f" We then send one text that asks for a reply of Y; without it no other text follows. Up "
        f"to {frequency} msgs/month. Msg & data rates may apply. Reply STOP to opt out, HELP for "
        f"help. The form and its words are public at {base}/sms-program. Privacy: {base}/privacy "
        f"Terms: {base}/terms Mobile numbers and consent are not shared with third parties for "
        "their marketing."
    )
    choices = (start + quoted + keyword + end, start + quoted + end, start + end)
    return next((text for text in choices if len(text) <= FLOW_LENGTH[1]), choices[-1])


def _keyword_flow(session: Session, clinic: Clinic, base: str) -> str:
    number = joining.number_texted(session)
    form = forms.by_slug(session, forms.MAIN)
    if form is None or not form.keyword or not number:
        return ""
    words = keyword_words.render(
        disclosures.current(session, "sms", "en"),
        keyword=form.keyword,
        number=number,
        brand=clinic.brand,
        public_url=base,
    )
    return f' Or they text a keyword from a poster in our clinic, which says: "{words}"'


def _keywords(session: Session) -> list[str]:
    found = [form.keyword for form in forms.list_all(session) if form.active and form.keyword]
    return [*found, "START", "YES", "UNSTOP"]


def _phone(clinic: Clinic) -> str:
    digits = (clinic.phone or "").removeprefix("+1")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else "our front desk"
