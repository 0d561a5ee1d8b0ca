"""Who may do what: the table of roles, and the mark that every web route must carry.

A view without a mark is a mistake: ``app.py`` refuses to start with one, and a test
shows that it does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from campaigns.accounts.models import Role


class Permission(StrEnum):
    """One thing that a role may allow."""

    SIGNED_IN = "signed_in"  # any member of staff
    READ_PEOPLE = "people.read"
    EDIT_PEOPLE = "people.edit"
    READ_INTERESTS = "interests.read"
    RECORD_STOP = "stop.record"
    RECORD_BOOKING = "booking.record"
    IMPORT = "people.import"
    EXPORT = "people.export"
    ERASE = "people.erase"
    EDIT_SEGMENTS = "segments.edit"
    READ_CONTENT = "content.read"
    EDIT_CONTENT = "content.edit"
    REVIEW = "content.review"
    EDIT_CAMPAIGNS = "campaigns.edit"
    SEND = "campaigns.send"
    READ_CAMPAIGNS = "campaigns.read"
    READ_INBOX = "inbox.read"
    READ_REPORTS = "reports.read"
    READ_OUTBOX = "outbox.read"
    STOP_EVERYTHING = "stop.everything"
    EDIT_CLINIC = "clinic.edit"
    MANAGE_TEAM = "team.manage"


_P = Permission
_VIEWER = {_P.SIGNED_IN, _P.READ_PEOPLE, _P.READ_CONTENT, _P.READ_CAMPAIGNS, _P.READ_REPORTS}
_FRONT_DESK = _VIEWER | {_P.EDIT_PEOPLE, _P.RECORD_STOP, _P.RECORD_BOOKING, _P.READ_INBOX}
_REVIEWER = _VIEWER | {_P.READ_INTERESTS, _P.REVIEW, _P.EDIT_CONTENT, _P.READ_INBOX, _P.RECORD_STOP}
_MARKETER = _FRONT_DESK | {
    _P.READ_INTERESTS,
    _P.IMPORT,
    _P.EDIT_SEGMENTS,
    _P.EDIT_CONTENT,
    _P.EDIT_CAMPAIGNS,
    _P.SEND,
    _P.READ_OUTBOX,
    _P.STOP_EVERYTHING,
}
_MANAGER = _MARKETER | {_P.EXPORT, _P.ERASE, _P.EDIT_CLINIC}
_OWNER = _MANAGER | {_P.REVIEW, _P.MANAGE_TEAM}

ROLES: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.FRONT_DESK: frozenset(_FRONT_DESK),
    Role.REVIEWER: frozenset(_REVIEWER),
    Role.MARKETER: frozenset(_MARKETER),
    Role.MANAGER: frozenset(_MANAGER),
    Role.OWNER: frozenset(_OWNER),
}


def allows(role: str, permission: Permission) -> bool:
    """Tell whether a role may do this; signing content also needs a credential on record."""
    return permission in ROLES[Role(role)]


View = TypeVar("View", bound=Callable[..., object])
ACCESS_MARK = "__access__"


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a staff view with the permission that it needs."""

    def mark(view: View) -> View:
        setattr(view, ACCESS_MARK, permission)
        return view

    return mark


def open_to_all(why: str) -> Callable[[View], View]:
    """Mark a view that needs no log-in, with the reason; for public pages and webhooks."""

    def mark(view: View) -> View:
        setattr(view, ACCESS_MARK, f"open: {why}")
        return view

    return mark


def access_of(view: object) -> Permission | str | None:
    """Return a view's mark: a Permission, ``open: reason``, or None if it has none."""
    mark: Permission | str | None = getattr(view, ACCESS_MARK, None)
    return mark
