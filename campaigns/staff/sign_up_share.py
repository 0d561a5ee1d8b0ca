"""A sign-up form where patients are: link, frame for a website, poster, front desk's tablet."""

from __future__ import annotations

from urllib.parse import urlsplit

import segno
from flask import redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from campaigns.accounts import sessions as kept
from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile
from campaigns.consent import disclosures, forms, keyword_words, tablets
from campaigns.consent.models import SignupForm, SignupTablet
from campaigns.core.errors import NotFound
from campaigns.core.signing import Purpose
from campaigns.events import joining
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context, sessions

PAPERS = {"letter": "Letter", "a4": "A4"}
FRAME_HEIGHT = 1500
POSTER = {
    "en": {
        "headline": "Stay in touch with {brand}",
        "lead": "Short guides on wellness from our clinic, with a link to book if you want one.",
        "scan": "Scan with your phone’s camera",
        "open": "or open",
        "text": "Or text {keyword} to {number}",
        "page": (
            "On the page you choose email, texts or both; no box is ticked beforehand. Agreeing "
            "is not a condition of buying anything or of receiving care. Up to {n} texts a month. "
            "Message and data rates may apply. Reply STOP to opt out, HELP for help. For adults "
            "of 18 or older. Privacy: {privacy}"
        ),
    },
    "es": {
        "headline": "Siga en contacto con {brand}",
        "lead": "Guías breves de bienestar de nuestra clínica, con un enlace para reservar si lo "
        "desea.",
        "scan": "Escanee con la cámara de su teléfono",
        "open": "o abra",
        "text": "O envíe {keyword} al {number}",
        "page": (
            "En la página usted elige correo, textos o ambos; ninguna casilla viene marcada. "
            "Aceptar no es condición para comprar nada ni para recibir atención. Hasta {n} textos "
            "al mes. Pueden aplicarse tarifas de mensajes y datos. Responda STOP para cancelar, "
            "HELP para ayuda. Para mayores de 18 años. Privacidad: {privacy}"
        ),
    },
}


@bp.get("/settings/sign-up/<int:form_id>")
@requires(Permission.EDIT_PEOPLE)
def sign_up_form(form_id: int) -> str:
    """Show how people reach a form, and what came of it."""
    with context.reading() as session:
        form = forms.get(session, form_id)
        return render_template(
            "staff/sign_up/form.html",
            form=form,
            tally=forms.tallies(session).get(form.id, forms.Tally()),
            running=tablets.running(session, form.id, context.now()),
            address=_address(form),
            picture=_picture(_address(form)),
            snippet=_snippet(form, profile.get(session).name),
            clinic=profile.get(session),
            papers=PAPERS,
            hours=tablets.HOURS,
            is_main=form.slug == forms.MAIN,
        )


@bp.get("/settings/sign-up/<int:form_id>/poster")
@requires(Permission.EDIT_PEOPLE)
def sign_up_poster(form_id: int) -> str:
    """Show the poster, to print."""
    locale = "es" if request.args.get("language") == "es" else "en"
    paper = "a4" if request.args.get("paper") == "a4" else "letter"
    base = context.services().public_url
    with context.reading() as session:
        form = forms.get(session, form_id)
        clinic = profile.get(session)
        disclosure = disclosures.current(session, "sms", locale)
        number = joining.number_texted(session)
        offers_keyword = bool(form.keyword and number)
        # The English words stand on every poster with a keyword: they are what is kept as
        # agreed to, whatever language somebody reads.
        small = [
            keyword_words.render(
                disclosures.current(session, "sms", language),
                keyword=form.keyword or "",
                number=number,
                brand=clinic.brand,
                public_url=base,
                locale=language,
            )
            for language in dict.fromkeys((locale, joining.LOCALE))
            if offers_keyword
        ]
    words = {
        key: text.format(
            brand=clinic.brand,
            keyword=form.keyword or "",
            number=number,
            n=disclosure.frequency_per_month or "",
            privacy=_short(f"{base}/privacy"),
        )
        for key, text in POSTER[locale].items()
    }
    return render_template(
        "staff/sign_up/poster.html",
        form=form,
        clinic=clinic,
        locale=locale,
        paper=paper,
        papers=PAPERS,
        words=words,
        headline=forms.words_of(form, "headline", locale) or words["headline"],
        lead=forms.words_of(form, "lead", locale) or words["lead"],
        offers_keyword=offers_keyword,
        small=small,
        picture=_picture(_address(form)),
        short=_short(_address(form)),
    )


@bp.post("/settings/sign-up/<int:form_id>/tablet")
@requires(Permission.EDIT_PEOPLE)
def start_tablet(form_id: int) -> Response:
    """Open the form for a tablet."""
    hours = request.form.get("hours", "")
    with context.transaction() as session:
        tablet = tablets.start(
            session,
            actor(),
            form_id,
            hours=int(hours) if hours in map(str, tablets.HOURS) else tablets.HOURS[1],
            now=context.now(),
        )
        tablet_id = tablet.id
    return redirect(url_for("staff.sign_up_tablet", form_id=form_id, tablet_id=tablet_id), 303)


@bp.get("/settings/sign-up/<int:form_id>/tablet/<int:tablet_id>")
@requires(Permission.EDIT_PEOPLE)
def sign_up_tablet(form_id: int, tablet_id: int) -> str:
    """Show the way to a tablet's page: a code to scan with it, and the link."""
    form, tablet = _tablet(form_id, tablet_id)
    address = _tablet_address(form, tablet)
    return render_template(
        "staff/sign_up/tablet.html",
        form=form,
        tablet=tablet,
        address=address,
        picture=_picture(address),
    )


@bp.post("/settings/sign-up/<int:form_id>/tablet/<int:tablet_id>/end")
@requires(Permission.EDIT_PEOPLE)
def end_tablet(form_id: int, tablet_id: int) -> Response:
    """End a tablet's session at once."""
    _tablet(form_id, tablet_id)
    with context.transaction() as session:
        tablets.end(session, actor(), tablet_id, now=context.now())
    notify("That tablet’s page is closed.")
    return redirect(url_for("staff.sign_up_form", form_id=form_id, _anchor="tablet"), 303)


@bp.post("/settings/sign-up/<int:form_id>/tablet/<int:tablet_id>/here")
@requires(Permission.EDIT_PEOPLE)
def use_as_tablet(form_id: int, tablet_id: int) -> Response:
    """Sign out on this device, here and on the server, and show the tablet's page."""
    form, tablet = _tablet(form_id, tablet_id)
    with context.transaction() as session:
        kept.close(session, sessions.current().raw)
    sessions.renew()
    return redirect(_tablet_address(form, tablet), 303)


def _tablet(form_id: int, tablet_id: int) -> tuple[SignupForm, SignupTablet]:
    with context.reading() as session:
        form = forms.get(session, form_id)
        tablet = tablets.find_running(session, tablet_id, context.now())
    if tablet is None or tablet.form_id != form.id:
        raise NotFound(
            "signup_tablet", "This tablet’s session has ended. Open the form for the tablet again."
        )
    return form, tablet


def _address(form: SignupForm) -> str:
    return f"{context.services().public_url}/f/{form.slug}"


def _tablet_address(form: SignupForm, tablet: SignupTablet) -> str:
    token = context.services().tokens.issue(Purpose.TABLET, tablet.id)
    return f"{_address(form)}/tablet/{token}"


def _short(address: str) -> str:
    """Return an address as it is printed: without the scheme."""
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}"


def _picture(address: str) -> Markup:
    made = segno.make(address, error="m").svg_inline(scale=4, border=4, omitsize=True)
    return Markup(made)  # noqa: S704 - drawn by segno from our own address


def _snippet(form: SignupForm, name: str) -> str:
    """Return what the clinic pastes into its own page: a frame, and a link where none works."""
    address = escape(_address(form))
    title = escape(f"Sign up for messages from {name}")
    return (
        f'<iframe src="{address}/embed" title="{title}" loading="lazy" width="100%" '
        f'height="{FRAME_HEIGHT}" frameborder="0"></iframe>\n'
        f'<p><a href="{address}">{title}</a></p>'
    )
