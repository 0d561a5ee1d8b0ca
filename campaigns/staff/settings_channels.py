"""Settings: the ways out, and what is missing before real messages can leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import Permission, requires
from campaigns.clinic import profile, transports
from campaigns.clinic.models import Clinic, PrivacyMode
from campaigns.contacts.models import Channel
from campaigns.core.errors import InvalidInput
from campaigns.core.settings import EmailProvider, Settings, SmsProvider, is_loopback
from campaigns.delivery import listening
from campaigns.delivery.ports import EmailLists
from campaigns.events import answers, comparison
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

NAMES = {"sendgrid": "SendGrid", "twilio": "Twilio", "smtp": "SMTP relay", "local": "This machine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the check-list: done, or what is missing and where to mend it."""

    text: str
    done: bool
    url: str | None = None


@bp.get("/settings/channels")
@requires(Permission.EDIT_CLINIC)
def channels() -> str:
    """Show the check-list."""
    return _page({})


@bp.post("/settings/channels/privacy")
@requires(Permission.MANAGE_TEAM)
def answer_privacy() -> Any:
    """Answer the first question of going live."""
    mode = request.form.get("privacy_mode", "")
    if mode not in set(PrivacyMode):
        return _page({"privacy_mode": "Choose one of the two answers."}), 422
    with context.transaction() as session:
        profile.update(session, actor(), now=context.now(), privacy_mode=mode)
    notify("Your answer is kept, and every message is checked against it.")
    return redirect(url_for("staff.channels"), 303)


@bp.post("/settings/channels/<kind>/agreement")
@requires(Permission.MANAGE_TEAM)
def record_agreement(kind: str) -> Response | tuple[str, int]:
    """Record, or take back, that a vendor signed a business associate agreement."""
    removing = "remove" in request.form
    try:
        signed_on = None if removing else _day(request.form.get("signed_on", ""))
        with context.transaction() as session:
            transports.record_baa(
                session,
                actor(),
                kind,
                signed_on=signed_on,
                reference=request.form.get("reference", ""),
                now=context.now(),
            )
    except InvalidInput as fault:
        return _page({f"{kind}_{name}": text for name, text in fault.fields.items()}), 422
    notify("The agreement is removed." if removing else "The agreement is on record.")
    return redirect(url_for("staff.channels"), 303)


@bp.post("/settings/channels/compare")
@requires(Permission.EDIT_CLINIC)
def compare_lists() -> Response:
    """Ask the worker to compare our do-not-contact list with SendGrid's own lists."""
    email = context.services().email
    if not isinstance(email, EmailLists):
        notify("The way out for email keeps no list of its own. Nothing was started.", "amber")
        return redirect(url_for("staff.channels"), 303)
    with context.transaction() as session:
        asked = comparison.ask(session, actor(), email.name, now=context.now())
    if asked:
        notify("The comparison begins within a minute. The result shows on this page.")
    else:
        notify("A comparison is under way already.", "blue")
    return redirect(url_for("staff.channels") + "#comparison", 303)


@bp.post("/settings/channels/health-answer")
@requires(Permission.EDIT_CLINIC)
def switch_health_answer() -> Response:
    """Switch the answer to texts about health on or off."""
    wanted = "answers_health" in request.form
    with context.transaction() as session:
        profile.update(session, actor(), now=context.now(), answers_health=wanted)
    notify("Texts about health get the answer." if wanted else "Texts about health get no answer.")
    return redirect(url_for("staff.channels") + "#health-answer", 303)


def _page(errors: dict[str, str]) -> str:
    settings, email = context.services().settings, context.services().email
    keeps_lists = isinstance(email, EmailLists)
    with context.reading() as session:
        clinic = profile.get(session)
        agreements = {kind: transports.get(session, kind) for kind in ("smtp", "twilio")}
        compared = comparison.last(session, email.name) if keeps_lists else None
        health_answer = answers.health(clinic)
        listening_now = listening.get(session, Channel.SMS)
    return render_template(
        "staff/settings/channels.html",
        clinic=clinic,
        machine=_machine(settings),
        email=_email(settings, clinic),
        sms=_sms(settings, clinic),
        email_provider=NAMES[settings.email_provider],
        sms_provider=NAMES[settings.sms_provider],
        email_live=settings.email_provider is not EmailProvider.LOCAL,
        sms_live=settings.sms_provider is not SmsProvider.LOCAL,
        agreements=agreements,
        names=NAMES,
        keeps_lists=keeps_lists,
        compared=compared,
        differences=comparison.differences(compared) if compared else None,
        health_answer=health_answer,
        listening=listening_now,
        typed=request.form if errors else {},
        errors=errors,
    )


def _machine(settings: Settings) -> list[Check]:
    public = settings.public_url
    lasting = public is not None and not is_loopback(public)
    return [
        Check(
            text=f"People and providers reach this service at {public}."
            if lasting
            else "CAMPAIGNS_PUBLIC_URL is not set to an address that people can reach: links in "
            "messages would lead nowhere.",
            done=lasting,
        ),
        Check(
            text="The address uses https."
            if lasting and str(public).startswith("https://")
            else "The address must start with https://, so that nobody can read along.",
            done=lasting and str(public).startswith("https://"),
        ),
        Check(
            text="Everybody signs in with a second factor."
            if settings.require_second_factor
            else "The second factor is switched off (CAMPAIGNS_REQUIRE_SECOND_FACTOR=false).",
            done=settings.require_second_factor,
        ),
    ]


def _email(settings: Settings, clinic: Clinic) -> list[Check]:
    checks = _of_clinic(
        profile.missing_for_email(clinic),
        "The clinic’s name, sender and postal address are filled in.",
    )
    provider = settings.email_provider
    if provider is EmailProvider.LOCAL:
        missing = [
            name
            for name, value in (
                ("SENDGRID_API_KEY", settings.sendgrid_api_key),
                ("SENDGRID_WEBHOOK_PUBLIC_KEY", settings.sendgrid_webhook_public_key),
            )
            if not value
        ]
        also = f", and {' and '.join(missing)}" if missing else ""
        text = (
            "CAMPAIGNS_EMAIL_PROVIDER is local: email stays on this machine, in the Outbox. To "
            f"send through SendGrid set it to sendgrid{also}. For an SMTP relay set it to smtp, "
            "and CAMPAIGNS_SMTP_HOST."
        )
        return [*checks, Check(text=text, done=False)]
    checks.append(Check(text=f"Email leaves through {NAMES[provider]}.", done=True))
    if clinic.privacy_mode == PrivacyMode.STRICT and provider is EmailProvider.SENDGRID:
        checks.append(
            Check(
                text="SendGrid signs no business associate agreement, so with your privacy answer "
                "messages on a topic are refused on it. An SMTP relay that signs one would work.",
                done=False,
            )
        )
    return checks


def _sms(settings: Settings, clinic: Clinic) -> list[Check]:
    checks = _of_clinic(
        profile.missing_for_sms(clinic), "The clinic’s phone and website are filled in."
    )
    if settings.sms_provider is SmsProvider.LOCAL:
        needed = (
            ("TWILIO_ACCOUNT_SID", settings.twilio_account_sid),
            ("TWILIO_AUTH_TOKEN", settings.twilio_auth_token),
            (
                "TWILIO_MESSAGING_SERVICE_SID (or TWILIO_FROM)",
                settings.twilio_messaging_service_sid or settings.twilio_from,
            ),
        )
        missing = [name for name, value in needed if not value]
        also = f", and {', '.join(missing)}" if missing else ""
        text = (
            "CAMPAIGNS_SMS_PROVIDER is local: texts stay on this machine, in the Outbox. To send "
            f"through Twilio set it to twilio{also}."
        )
        return [*checks, Check(text=text, done=False)]
    checks.append(Check(text=f"Texts leave through {NAMES[settings.sms_provider]}.", done=True))
    return checks


def _of_clinic(missing: list[str], complete: str) -> list[Check]:
    url = url_for("staff.clinic_settings")
    if not missing:
        return [Check(text=complete, done=True)]
    return [Check(text=text, done=False, url=url) for text in missing]


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        fault = "Choose the day on which it was signed."
        raise InvalidInput("day", fault, fields={"signed_on": fault}) from None
