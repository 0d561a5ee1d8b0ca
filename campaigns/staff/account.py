"""Your own account: password, second factor, other places where you are signed in."""

from __future__ import annotations

from typing import Any

import segno
from flask import redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts import passwords, second_factor, standing, users
from campaigns.accounts import sessions as kept
from campaigns.accounts.models import StaffUser
from campaigns.accounts.permissions import Permission, requires
from campaigns.accounts.sessions import Person
from campaigns.core.errors import Conflict, InvalidInput
from campaigns.core.sealing import seal, unseal
from campaigns.staff.blueprint import actor, bp, notify, person
from campaigns.web import context, sessions, templating

_ENROLLING = "enrolling"
_WRONG = "This is not your present password."


@bp.get("/account/")
@requires(Permission.SIGNED_IN)
def account() -> str:
    """Show who you are here and what protects your account."""
    return _page({})


@bp.post("/account/password")
@requires(Permission.SIGNED_IN)
def change_password() -> Any:
    """Change the password; every other session ends, this one goes on under a new id."""
    fault = _wrong_password("current_password")
    new = request.form.get("password", "")
    if fault is None:
        try:
            with context.transaction() as session:
                user = sessions.user_row(session)
                users.set_password(session, actor(), user, new, now=context.now())
                raw = _go_on(session, user)
        except InvalidInput as refusal:
            return _page(refusal.fields), 422
        sessions.start(raw)
        notify("Your password is changed. Other places where you were signed in are signed out.")
        return redirect(url_for("staff.account"), 303)
    return _page(fault), 422


@bp.post("/account/other-sessions")
@requires(Permission.SIGNED_IN)
def end_other_sessions() -> Response:
    """Sign out everywhere else."""
    with context.transaction() as session:
        kept.close_all_of(session, person().id, but=sessions.current().raw)
    notify("You are signed out everywhere else.")
    return redirect(url_for("staff.account"), 303)


@bp.route("/account/second-factor", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def enrol_second_factor() -> Any:
    """Set the second factor up, or replace it by another app's; shows the recovery codes once."""
    me = person()
    errors: dict[str, str] = {}
    if request.method == "POST":
        if me.has_second_factor:
            errors = _wrong_password("password") or {}
        if not errors:
            try:
                with context.transaction() as session:
                    user = sessions.user_row(session)
                    codes = second_factor.enrol(
                        session,
                        actor(),
                        user,
                        secret=_secret(me),
                        code=request.form.get("code", "")[:20],
                        now=context.now(),
                    )
                    raw = _go_on(session, user)
            except InvalidInput as fault:
                errors = fault.fields
            else:
                sessions.start(raw)
                return render_template("staff/account/recovery_codes.html", codes=codes)
    secret = _secret(me)
    clinic = templating.clinic()
    address = second_factor.address_for_app(
        secret, email=me.email, clinic=clinic.brand if clinic else ""
    )
    picture = segno.make(address, error="m").svg_inline(scale=4, border=1, omitsize=True)
    page = render_template(
        "staff/account/second_factor.html",
        picture=Markup(picture),  # noqa: S704 - drawn by segno from our own address
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        replacing=me.has_second_factor,
        errors=errors,
    )
    return page, 422 if errors else 200


@bp.post("/account/recovery-codes")
@requires(Permission.SIGNED_IN)
def renew_recovery_codes() -> Any:
    """Replace the recovery codes; the old ones stop working."""
    if not person().has_second_factor:
        raise Conflict("no_second_factor", "Set up the second factor first; it comes with codes.")
    fault = _wrong_password("codes_password")
    if fault is not None:
        return _page(fault), 422
    with context.transaction() as session:
        codes = second_factor.renew_recovery_codes(session, sessions.user_row(session))
    return render_template("staff/account/recovery_codes.html", codes=codes)


def _page(errors: dict[str, str]) -> str:
    with context.reading() as session:
        user = sessions.user_row(session)
    return render_template(
        "staff/account/account.html",
        user=user,
        role=users.ROLE_NAMES[user.role],  # type: ignore[index]
        does=users.ROLE_SENTENCES[user.role],  # type: ignore[index]
        errors=errors,
    )


def _wrong_password(field: str) -> dict[str, str] | None:
    """Return the fault to show when the present password was not given; hashing takes a moment."""
    with context.reading() as session:
        stored = sessions.user_row(session).password
    right = passwords.matches(stored, request.form.get(field, ""))
    return None if right else {field: _WRONG}


def _go_on(session: Session, user: StaffUser) -> str:
    """End all sessions of this person and open a new one in place of the present."""
    standing.renew(user)
    session.flush()
    kept.close_all_of(session, user.id)
    return kept.open_for(session, user, now=context.now())


def _secret(me: Person) -> str:
    """Return the secret being enrolled: the same until it is confirmed, sealed at rest."""
    keys, purpose = context.services().keys, f"enrolling:{me.id}"
    held = sessions.current().get(_ENROLLING)
    if held:
        return unseal(keys, purpose, bytes.fromhex(held)).decode()
    secret = second_factor.new_secret()
    sessions.current()[_ENROLLING] = seal(keys, purpose, secret.encode()).hex()
    return secret
