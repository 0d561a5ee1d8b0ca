"""The pages that carriers and mailbox providers ask for: our texts, privacy, terms.

Written from the clinic's settings and the wording in use, so that they say what the
service does.
"""

from __future__ import annotations

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.clinic.models import Clinic
from campaigns.consent import disclosures, forms, keyword_words
from campaigns.consent.models import Disclosure
from campaigns.core.errors import NotConfigured
from campaigns.core.settings import EmailProvider, SmsProvider
from campaigns.delivery import notices
from campaigns.events import answers, joining
from campaigns.public import frame
from campaigns.public.blueprint import bp
from campaigns.public.filled import words_shown
from campaigns.web import context


@bp.get("/sms-program")
@open_to_all("carriers and the public read how our texts work")
def sms_program() -> Response:
    """Describe the text programme: what, how often, at what cost, how to leave."""
    return _page("sms_program.html")


@bp.get("/privacy")
@open_to_all("everybody may read how data is kept")
def privacy() -> Response:
    """Say what is kept, who processes it, and what is never done with it."""
    return _page("privacy.html")


@bp.get("/terms")
@open_to_all("everybody may read the terms of the messages")
def terms() -> Response:
    """State the terms of the messages."""
    return _page("terms.html")


def _page(template: str) -> Response:
    services = context.services()
    with context.reading() as session:
        clinic = frame.clinic_of(session)
        if clinic is None:
            return frame.not_found()
        try:
            disclosure = disclosures.current(session, "sms", frame.language())
            words = words_shown(session, clinic)
        except NotConfigured:
            return frame.not_found()
        frequency = disclosure.frequency_per_month or 0
        support = _support(clinic)
        poster = _poster(session, clinic, disclosure, services.public_url)
    response = frame.page(
        template,
        words={kind: shown.text for kind, shown in words.items()},
        frequency=frequency,
        support=support,
        poster=poster,
        first=_first_texts(clinic, frequency),
        processors=_processors(),
        form_url=f"{services.public_url}/f/main",
    )
    response.headers["X-Robots-Tag"] = "all"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def _poster(session: Session, clinic: Clinic, disclosure: Disclosure, base: str) -> str:
    """Return the words of a poster for joining by text; empty where that is not offered."""
    form, number = forms.by_slug(session, forms.MAIN), joining.number_texted(session)
    if form is None or not form.keyword or not number:
        return ""
    return keyword_words.render(
        disclosure,
        keyword=form.keyword,
        number=number,
        brand=clinic.brand,
        public_url=base,
        locale=frame.language(),
    )


def _first_texts(clinic: Clinic, frequency: int) -> list[tuple[str, str]]:
    """Return (when, words) of the texts that belong to joining and leaving."""
    confirm = {
        "template": notices.CONFIRM,
        "locale": frame.language(),
        "per_month": frequency,
    }
    return [
        ("program_first_confirm", notices.text(confirm, clinic=clinic)),
        ("program_first_welcome", answers.welcome(clinic, frequency=frequency)),
        ("program_first_help", answers.help_(clinic, frequency=frequency)),
        ("program_first_stop", answers.stop(clinic)),
    ]


def _support(clinic: Clinic) -> list[tuple[str, str]]:
    """Return (address to follow, what to show) for each way to reach the clinic."""
    ways: list[tuple[str, str]] = []
    if clinic.phone:
        ways.append((f"tel:{clinic.phone}", frame.write_phone(clinic.phone)))
    if clinic.reply_to or clinic.sender_email:
        address = clinic.reply_to or clinic.sender_email or ""
        ways.append((f"mailto:{address}", address))
    if clinic.website:
        ways.append((clinic.website, clinic.website))
    return ways


def _processors() -> list[tuple[str, str]]:
    """Return (processor, key of what it gets), as this installation is set up."""
    settings = context.services().settings
    found: list[tuple[str, str]] = []
    if settings.email_provider is EmailProvider.SENDGRID:
        found.append(("Twilio SendGrid", "processor_email"))
    elif settings.email_provider is EmailProvider.SMTP:
        found.append((frame.say("processor_smtp_name"), "processor_email"))
    if settings.sms_provider is SmsProvider.TWILIO:
        found.append(("Twilio", "processor_sms"))
    return found
