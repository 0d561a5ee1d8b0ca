"""Stops for a part of sending: one channel, or texts to one state (a declared emergency).

The stop of everything is ``profile.stop_everything``. Each gate reads the clinic's row with a
lock for sharing; turning a switch locks it for itself, so that a message leaves either before
the switch was turned or not at all.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaigns.accounts import audit
from campaigns.clinic.models import Clinic, Switch
from campaigns.clinic.profile import CLINIC_ID
from campaigns.core.actors import Actor
from campaigns.core.errors import Conflict, InvalidInput

CHANNELS = ("email", "sms")
STATES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DC": "District of Columbia",
    "DE": "Delaware",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
}
"""Code -> name, by name."""


class SwitchKind(StrEnum):
    """What a switch stops."""

    CHANNEL = "channel"
    STATE = "state"


def stop(
    session: Session, actor: Actor, *, kind: str, code: str, reason: str, now: datetime
) -> Switch:
    """Stop a channel, or marketing texts to everybody who may be in a state.

    Raises: InvalidInput ``switch_unknown``, ``reason_missing``; Conflict ``already_stopped``.
    """
    faults: dict[str, str] = {}
    known = {SwitchKind.CHANNEL: CHANNELS, SwitchKind.STATE: STATES}
    if kind not in known or code not in known[SwitchKind(kind)]:
        faults["code"] = "Choose what to stop."
    reason = reason.strip()[:500]
    if not reason:
        faults["reason"] = "Say why, in a few words; the others will read it."
    if faults:
        raise InvalidInput(
            "switch_unknown" if "code" in faults else "reason_missing",
            "Nothing was stopped: " + " ".join(faults.values()),
            fields=faults,
        )
    _lock(session)
    if session.get(Switch, (kind, code)) is not None:
        raise Conflict("already_stopped", "This is stopped already. Nothing was changed.")
    row = Switch(kind=kind, code=code, stopped_at=now, stopped_by=actor.name[:120], reason=reason)
    session.add(row)
    audit.append(
        session,
        actor,
        "switch.stopped",
        subject_kind=kind,
        subject_id=None,
        now=now,
        code=code,
        reason=reason,
    )
    session.flush()
    return row


def allow(session: Session, actor: Actor, *, kind: str, code: str, now: datetime) -> None:
    """Allow it again; what waited goes out by its own rules.

    Raises: Conflict ``not_stopped``.
    """
    _lock(session)
    row = session.get(Switch, (kind, code))
    if row is None:
        raise Conflict("not_stopped", "This is allowed already. Nothing was changed.")
    since = row.stopped_at
    session.delete(row)
    audit.append(
        session,
        actor,
        "switch.allowed",
        subject_kind=kind,
        subject_id=None,
        now=now,
        code=code,
        stopped_since=since.isoformat(),
    )
    session.flush()


def stopped(session: Session) -> list[Switch]:
    """Return what is stopped now, channels first."""
    return list(session.scalars(select(Switch).order_by(Switch.kind, Switch.code)))


def is_channel_stopped(session: Session, channel: str) -> bool:
    """Tell whether staff stopped a channel."""
    query = select(Switch.code).where(Switch.kind == SwitchKind.CHANNEL, Switch.code == channel)
    return session.scalar(query) is not None


def stopped_states(session: Session) -> tuple[str, ...]:
    """Return the states to which no marketing text may go now, sorted."""
    query = select(Switch.code).where(Switch.kind == SwitchKind.STATE).order_by(Switch.code)
    return tuple(session.scalars(query))


def _lock(session: Session) -> None:
    session.execute(select(Clinic.id).where(Clinic.id == CLINIC_ID).with_for_update())
