"""Members of staff: make, invite, change, switch off."""

from __future__ import annotations

import re
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaigns.accounts import audit, links, passwords, sessions, standing
from campaigns.accounts.models import LinkPurpose, Role, StaffUser
from campaigns.core.actors import SYSTEM, Actor
from campaigns.core.errors import Conflict, InvalidInput, NotFound

ROLE_NAMES = {
    Role.OWNER: "Owner",
    Role.MANAGER: "Manager",
    Role.MARKETER: "Marketer",
    Role.REVIEWER: "Reviewer",
    Role.FRONT_DESK: "Front desk",
    Role.VIEWER: "Viewer",
}
ROLE_SENTENCES = {
    Role.OWNER: "Everything, including the team, and signing content with a credential.",
    Role.MANAGER: "Everything but the team.",
    Role.MARKETER: "Adds people, writes, and sends what has been reviewed.",
    Role.REVIEWER: "A clinician: reads and signs content.",
    Role.FRONT_DESK: "People, stops and bookings.",
    Role.VIEWER: "Reads, without what a person is interested in.",
}
_DETAILS = ("credential", "license_number", "license_state")


def create(
    session: Session,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    password: str | None = None,
    credential: str | None = None,
    license_number: str | None = None,
    license_state: str | None = None,
) -> StaffUser:
    """Make a member of staff; without a password they get in only by a one-time link.

    Raises: InvalidInput ``staff_fields`` with all faults by field.
    """
    faults: dict[str, str] = {}
    email = _checked_email(session, email, faults)
    name = " ".join(name.split())
    details = _checked_details(role, credential, license_number, license_state, faults)
    _check_name(name, faults)
    if password is not None:
        try:
            passwords.require_good(password, about=(name, email))
        except InvalidInput as fault:
            faults.update(fault.fields)
    _raise(faults)
    user = StaffUser(
        email=email,
        name=name,
        password=None if password is None else passwords.hash_of(password),
        role=role,
        active=True,
        standing=standing.new(),
        created_at=now,
        **details,
    )
    session.add(user)
    session.flush()
    _note(session, actor, "staff.created", user, now, role=str(role))
    return user


def change(
    session: Session,
    actor: Actor,
    user_id: int,
    *,
    name: str,
    role: Role,
    credential: str | None,
    license_number: str | None,
    license_state: str | None,
    now: datetime,
) -> StaffUser:
    """Change a person's name, role and credential; a new role ends their sessions.

    Raises: InvalidInput ``staff_fields``; Conflict ``last_owner``.
    """
    user = get(session, user_id)
    faults: dict[str, str] = {}
    name = " ".join(name.split())
    _check_name(name, faults)
    details = _checked_details(role, credential, license_number, license_state, faults)
    _raise(faults)
    if role != Role.OWNER:
        _keep_one_owner(session, user)
    changed = [key for key, value in details.items() if getattr(user, key) != value]
    changed += [k for k, v in (("name", name), ("role", role)) if getattr(user, k) != v]
    if "role" in changed:
        standing.renew(user)
    user.name, user.role = name, role
    for key, value in details.items():
        setattr(user, key, value)
    if changed:
        _note(session, actor, "staff.changed", user, now, fields=sorted(changed), role=str(role))
    session.flush()
    return user


def switch_off(session: Session, actor: Actor, user_id: int, *, now: datetime) -> StaffUser:
    """Let a person in no more, at once; what they did stays in the trail under their name.

    Raises: Conflict ``last_owner``, ``yourself``.
    """
    user = get(session, user_id)
    if actor.id == user.id:
        raise Conflict("yourself", "You cannot switch off your own account. Nothing was changed.")
    _keep_one_owner(session, user)
    if user.active:
        user.active = False
        standing.renew(user)
        sessions.close_all_of(session, user.id)
        _note(session, actor, "staff.switched_off", user, now)
    session.flush()
    return user


def switch_on(session: Session, actor: Actor, user_id: int, *, now: datetime) -> StaffUser:
    """Let a person in again, with the password they had."""
    user = get(session, user_id)
    if not user.active:
        user.active = True
        standing.renew(user)
        _note(session, actor, "staff.switched_on", user, now)
    session.flush()
    return user


def issue_link(session: Session, actor: Actor, user_id: int, *, now: datetime) -> str:
    """Return the token of a link with which the person chooses a password, once.

    Raises: Conflict ``switched_off``.
    """
    user = get(session, user_id)
    if not user.active:
        raise Conflict("switched_off", "This account is switched off. Switch it on first.")
    purpose = LinkPurpose.INVITE if user.password is None else LinkPurpose.RESET
    token = links.issue(session, purpose, now=now, user_id=user.id)
    _note(session, actor, "staff.link_issued", user, now, purpose=str(purpose))
    return token


def accept_link(session: Session, token: str, password: str, *, now: datetime) -> StaffUser:
    """Set the password of whoever holds the link; ends all their sessions.

    Raises: InvalidInput ``link_gone``, ``password_weak``.
    """
    user = of_link(session, token, now=now)
    link = links.find(session, token, LinkPurpose.INVITE, LinkPurpose.RESET, now=now)
    set_password(session, SYSTEM, user, password, now=now)
    links.use(session, link, now=now)
    return user


def of_link(session: Session, token: str, *, now: datetime) -> StaffUser:
    """Return the person whose password a link sets, while it works.

    Raises: InvalidInput ``link_gone``.
    """
    link = links.find(session, token, LinkPurpose.INVITE, LinkPurpose.RESET, now=now)
    user = session.get(StaffUser, link.user_id)
    if user is None or not user.active:
        raise InvalidInput("link_gone", "This account is switched off. Ask an owner.")
    return user


def set_password(
    session: Session, actor: Actor, user: StaffUser, password: str, *, now: datetime
) -> None:
    """Give a person a new password; every session of theirs ends.

    Raises: InvalidInput ``password_weak``.
    """
    passwords.require_good(password, about=(user.name, user.email))
    user.password = passwords.hash_of(password)
    standing.renew(user)
    _note(session, actor, "password.changed", user, now)
    session.flush()


def get(session: Session, user_id: int) -> StaffUser:
    """Return a member of staff.

    Raises: NotFound ``staff_user``.
    """
    user = session.get(StaffUser, user_id)
    if user is None:
        raise NotFound("staff_user", "There is no such member of the team.")
    return user


def find_by_email(session: Session, email: str) -> StaffUser | None:
    """Return the member of staff who signs in with this address."""
    return session.scalar(select(StaffUser).where(StaffUser.email == email.strip().lower()))


def list_all(session: Session) -> list[StaffUser]:
    """Return the team, those who may sign in first."""
    query = select(StaffUser).order_by(StaffUser.active.desc(), StaffUser.name, StaffUser.id)
    return list(session.scalars(query))


def any_exist(session: Session) -> bool:
    """Tell whether there is an account at all."""
    return session.scalar(select(StaffUser.id).limit(1)) is not None


def _keep_one_owner(session: Session, user: StaffUser) -> None:
    if user.role != Role.OWNER or not user.active:
        return
    others = session.scalar(
        select(func.count())
        .select_from(StaffUser)
        .where(StaffUser.role == Role.OWNER, StaffUser.active.is_(True), StaffUser.id != user.id)
    )
    if not others:
        raise Conflict(
            "last_owner",
            "This is the only owner. Make somebody else an owner first, or nobody could look "
            "after the team. Nothing was changed.",
        )


def _checked_email(session: Session, email: str, faults: dict[str, str]) -> str:
    try:
        found = validate_email(email.strip(), check_deliverability=False)
    except EmailNotValidError:
        faults["email"] = "This is not an email address, like robin@example.com."
        return email
    email = found.normalized.lower()
    if find_by_email(session, email) is not None:
        faults["email"] = "There is an account with this address already."
    return email


def _check_name(name: str, faults: dict[str, str]) -> None:
    if not name:
        faults["name"] = "Give a name: colleagues see it beside what this person does."
    elif len(name) > 120 or re.search(r"[\x00-\x1f\x7f<>]", name):
        faults["name"] = "Use at most 120 characters, without < and >."


def _checked_details(
    role: Role,
    credential: str | None,
    license_number: str | None,
    license_state: str | None,
    faults: dict[str, str],
) -> dict[str, str | None]:
    values = dict(
        zip(
            _DETAILS,
            (" ".join((v or "").split()) for v in (credential, license_number, license_state)),
            strict=True,
        )
    )
    values["license_state"] = values["license_state"].upper()
    if role == Role.REVIEWER and not values["credential"]:
        faults["credential"] = "A reviewer needs a credential: it is printed under what they sign."
    for key in ("credential", "license_number"):
        if len(values[key]) > 60:
            faults[key] = "At most 60 characters fit here."
    if values["license_state"] and not re.fullmatch(r"[A-Z]{2}", values["license_state"]):
        faults["license_state"] = "Give the state as two letters, like NY."
    return {key: value or None for key, value in values.items()}


def _raise(faults: dict[str, str]) -> None:
    if faults:
        raise InvalidInput(
            "staff_fields", "Some fields need mending; nothing was saved yet.", fields=faults
        )


def _note(
    session: Session, actor: Actor, action: str, user: StaffUser, now: datetime, **detail: object
) -> None:
    audit.append(
        session, actor, action, subject_kind="staff_user", subject_id=user.id, now=now, **detail
    )
