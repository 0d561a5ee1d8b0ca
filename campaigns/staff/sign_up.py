"""Settings: the forms by which people sign up, and what asking them by text may cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.audience import interests
from campaigns.clinic import profile, spending
from campaigns.clinic.models import Clinic
from campaigns.consent import forms, limits
from campaigns.consent.forms import Draft
from campaigns.consent.models import SignupForm
from campaigns.content import lint
from campaigns.content.findings import BLOCK
from campaigns.core.errors import InvalidInput
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

LANGUAGES = {"en": "English", "es": "Spanish"}
PLACES = {
    "headline": ("Headline", "Of the page and the poster."),
    "lead": ("Line under it", "What people get."),
    "source": ("Where people signed up", "At the foot of emails: “You signed up at …”."),
    "thanks": ("Thanks", "After the form, above what to do next."),
}
CHANNELS = {"email": "Email", "sms": "Text messages"}
TOPICS = (
    ("all", "All topics that are switched on"),
    ("some", "Only these"),
    ("none", "No topics"),
)
_MONEY = ("text_number", "text_part_cost", "signup_text_budget")


@bp.get("/settings/sign-up/")
@requires(Permission.EDIT_PEOPLE)
def sign_up_forms() -> str:
    """Show all forms, and what came of each."""
    return _list_page({}, {})


@bp.post("/settings/sign-up/texts")
@requires(Permission.EDIT_CLINIC)
def sign_up_texts() -> Any:
    """Change the number for keywords and the money for texts that ask for confirmation."""
    typed = {name: request.form.get(name, "").strip() for name in _MONEY}
    try:
        with context.transaction() as session:
            profile.update(session, actor(), now=context.now(), **typed)
    except InvalidInput as fault:
        return _list_page(typed, fault.fields), 422
    notify("Saved.")
    return redirect(url_for("staff.sign_up_forms", _anchor="texts"), 303)


@bp.route("/settings/sign-up/new", methods=["GET", "POST"])
@requires(Permission.EDIT_CLINIC)
def new_sign_up_form() -> Any:
    """Make a form."""
    if request.method == "GET":
        blank = asdict(Draft(name=""))
        return _edit_page(None, {**blank, "slug": "", "mode": "all", "topics": []}, {})
    typed = _typed()
    claims = _claims(typed)
    try:
        with context.transaction() as session:
            form = forms.create(
                session, actor(), _draft(typed), slug=typed["slug"], now=context.now()
            )
            form_id = form.id
            _refuse(claims)
    except InvalidInput as fault:
        return _edit_page(None, typed, {**claims, **fault.fields}), 422
    notify("The form is open. Share its link, frame it or print its poster.")
    return redirect(url_for("staff.sign_up_form", form_id=form_id), 303)


@bp.route("/settings/sign-up/<int:form_id>/edit", methods=["GET", "POST"])
@requires(Permission.EDIT_CLINIC)
def edit_sign_up_form(form_id: int) -> Any:
    """Change a form; its address stays."""
    with context.reading() as session:
        form = forms.get(session, form_id)
    if request.method == "GET":
        return _edit_page(form, _values_of(form), {})
    typed = _typed()
    claims = _claims(typed)
    try:
        with context.transaction() as session:
            forms.change(session, actor(), form_id, _draft(typed), now=context.now())
            _refuse(claims)
    except InvalidInput as fault:
        return _edit_page(form, typed, {**claims, **fault.fields}), 422
    notify("Saved. The page shows it at once; print the poster anew if its words changed.")
    return redirect(url_for("staff.sign_up_form", form_id=form_id), 303)


@bp.post("/settings/sign-up/<int:form_id>/switch")
@requires(Permission.EDIT_CLINIC)
def switch_sign_up_form(form_id: int) -> Response:
    """Switch a form off, or on again."""
    active = request.form.get("active") == "yes"
    with context.transaction() as session:
        forms.switch(session, actor(), form_id, active=active, now=context.now())
    notify(
        "The form is open again."
        if active
        else "The form is closed. Who signed up stays; its link leads to your main form."
    )
    return redirect(url_for("staff.sign_up_form", form_id=form_id), 303)


def _list_page(typed: dict[str, str], errors: dict[str, str]) -> str:
    now = context.now()
    with context.reading() as session:
        clinic = profile.get(session)
        values = {**_money_of(clinic), **typed}
        budget = limits.budget(session, now)
        return render_template(
            "staff/sign_up/list.html",
            forms=forms.list_all(session),
            tallies=forms.tallies(session),
            nobody=forms.Tally(),
            channels=CHANNELS,
            values=values,
            errors=errors,
            spent=budget.spent / 10_000,
            texts_a_day=spending.texts_for(clinic.signup_text_budget, clinic.text_part_cost),
            twilio_number=context.services().settings.twilio_from or "",
        )


def _money_of(clinic: Clinic) -> dict[str, str]:
    return {
        "text_number": clinic.text_number or "",
        "text_part_cost": f"{clinic.text_part_cost / 100:g}",
        "signup_text_budget": f"{clinic.signup_text_budget / 100:g}",
    }


def _edit_page(form: SignupForm | None, values: dict[str, Any], errors: dict[str, str]) -> str:
    with context.reading() as session:
        return render_template(
            "staff/sign_up/edit.html",
            form=form,
            values=values,
            errors=errors,
            places=PLACES,
            languages=LANGUAGES,
            channels=CHANNELS,
            modes=TOPICS,
            topics=_topics(session),
            lengths=forms.WORDS,
            public_url=context.services().public_url,
        )


def _topics(session: Session) -> list[tuple[str, str]]:
    return [(one.code, one.name) for one in interests.all_active(session)]


def _values_of(form: SignupForm) -> dict[str, Any]:
    mode = "all" if form.topics is None else ("some" if form.topics else "none")
    return {
        "name": form.name,
        "slug": form.slug,
        "channels": form.channels,
        "mode": mode,
        "topics": form.topics or [],
        "keyword": form.keyword or "",
        "origins": form.embed_origins,
        "words": form.words,
    }


def _typed() -> dict[str, Any]:
    typed = request.form
    return {
        "name": typed.get("name", ""),
        "slug": typed.get("slug", ""),
        "channels": typed.getlist("channel"),
        "mode": typed.get("topics", "all"),
        "topics": typed.getlist("topic"),
        "keyword": typed.get("keyword", ""),
        "origins": typed.get("origins", "")[:4000].splitlines(),
        "words": {
            key: {locale: typed.get(f"{key}_{locale}", "") for locale in LANGUAGES}
            for key in PLACES
        },
    }


def _claims(typed: dict[str, Any]) -> dict[str, str]:
    """Return, by field, what the words of a form say that no clinic may: as in any email."""
    found: dict[str, str] = {}
    for key, (label, _) in PLACES.items():
        for locale, language in LANGUAGES.items():
            for finding in lint.check_sentence(typed["words"][key][locale], f"{label}, {language}"):
                if finding.level == BLOCK:
                    found.setdefault(f"{key}_{locale}", finding.message)
    return found


def _refuse(claims: dict[str, str]) -> None:
    if claims:
        raise InvalidInput(
            "signup_form_claims", "Some words say what may not be said.", fields=claims
        )


def _draft(typed: dict[str, Any]) -> Draft:
    with context.reading() as session:
        known = {code for code, _ in _topics(session)}
    some = tuple(code for code in typed["topics"] if code in known)
    return Draft(
        name=typed["name"],
        channels=typed["channels"],
        topics={"all": None, "none": ()}.get(typed["mode"], some),
        keyword=typed["keyword"],
        origins=typed["origins"],
        words=typed["words"],
    )
