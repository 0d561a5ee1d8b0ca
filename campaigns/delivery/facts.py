"""Everything the gate looks at, gathered by one statement for any number of people.

The columns bear the names of ``eligibility.gate.Facts``, so that the pure rules and
their SQL forms speak of the same things. A *source* says for whom: the planned rows of a
batch, or the people of a group before anything is sent (``reach``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    null,
    or_,
    select,
    text,
    true,
)

from campaigns.consent import suppression
from campaigns.consent.models import (
    ConsentState,
    ConsentStatus,
    OptInRequest,
    Suppression,
)
from campaigns.contacts.models import Address, Channel, Contact, ContactStatus
from campaigns.core.db import BigId, UtcDateTime
from campaigns.delivery import tallies, traits
from campaigns.delivery.models import ContactHours, HourProfile, Message, MessageState
from campaigns.delivery.parameters import flag, moment
from campaigns.delivery.profiles import UNKNOWN_ID
from campaigns.delivery.tallies import LOOK_BACK
from campaigns.drips import exits
from campaigns.eligibility import caps
from campaigns.eligibility.caps import DAY, WEEK
from campaigns.eligibility.gate import Kind

STOPS = tuple(sorted(suppression.LIFTED_BY_CONSENT | suppression.LIFTED_BY_PROOF))
"""What the person may take back: a request to confirm a newer sign-up by email passes these."""
PROMPT = timedelta(minutes=5)
"""How long a confirmation counts as the answer to the person's own action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What holds for a whole batch: the clinic, the channel, the campaign."""

    now: datetime
    kind: Kind
    channel: str
    origin_id: int = 0
    org_stopped: bool = False
    channel_off: bool = False
    channel_stopped: bool = False
    origin_cancelled: bool = False
    origin_paused: bool = False
    content_approved: bool = True
    transport_uncovered: bool = False
    topic_used: bool = False
    cap_day: int = 1
    cap_week: int = 3
    expires_at: datetime | None = None
    """The campaign's own time limit; a message may have one of its own."""
    hours: str = "[]"
    """``profiles.hours_json``."""
    content_topics: tuple[int, ...] = ()
    """Interests (ids) that the content is on."""
    chosen_topics: tuple[int, ...] = ()
    """Interests (ids) that the group's rule names."""

    def parameters(self) -> dict[str, Any]:
        """Return the values for the statement's parameters."""
        return {
            "now": self.now,
            "channel": self.channel,
            "origin_id": self.origin_id,
            "day_ago": self.now - DAY,
            "week_ago": self.now - WEEK,
            "long_ago": self.now - LOOK_BACK,
            "prompt_since": self.now - PROMPT,
            "stale_before": self.now - caps.STALE,
            "hours": self.hours,
            "origin_expires_at": self.expires_at,
            "content_topics": self.content_topics,
            "chosen_topics": self.chosen_topics,
            **{name: getattr(self, name) for name in FRAME_FLAGS},
            "cap_day": self.cap_day,
            "cap_week": self.cap_week,
        }


FRAME_FLAGS = (
    "org_stopped",
    "channel_off",
    "channel_stopped",
    "origin_cancelled",
    "origin_paused",
    "content_approved",
    "transport_uncovered",
    "topic_used",
)


TAKE = bindparam("take", type_=Integer(), literal_execute=True)
"""Written out, so that planners know how few rows there are.

Without it SQLite takes the batch for large, and reads whole tables to filter it.
"""


def of_batch(kind: Kind, *, limit: bool = True) -> CTE:
    """Return the planned rows of the batch ``:batch_id``, the first ``:take`` by id."""
    enrolment = Message.subject_id if kind is Kind.DRIP_STEP else None
    statement = select(
        Message.id.label("row_id"),
        Message.contact_id,
        Message.address.label("fixed_address"),
        func.coalesce(Message.expires_at, moment("origin_expires_at")).label("expires_at"),
        Message.created_at.label("planned_at"),
        Message.subject_id,
        (false() if enrolment is None else exits.has_left(enrolment)).label("exited"),
        (false() if enrolment is None else exits.is_paused(enrolment)).label("series_paused"),
        _prompted(kind).label("prompted"),
        _passes_stop(kind).label("passes_stop"),
    ).where(
        Message.batch_id == bindparam("batch_id", type_=BigId),
        Message.state == MessageState.PLANNED,
    )
    if kind is Kind.CONFIRMATION:
        statement = statement.outerjoin(OptInRequest, OptInRequest.id == Message.subject_id)
    if limit:
        statement = statement.order_by(Message.id).limit(TAKE)
    return statement.cte("source")


def of_people(contact_ids: Select[Any]) -> CTE:
    """Return the people of a SELECT of contact ids, as if a message were planned for each."""
    people = contact_ids.subquery("people")
    (contact_id,) = people.c
    return select(
        contact_id.label("row_id"),
        contact_id.label("contact_id"),
        null().cast(String).label("fixed_address"),
        null().cast(UtcDateTime()).label("planned_at"),
        null().cast(UtcDateTime()).label("expires_at"),
        contact_id.label("subject_id"),
        false().label("exited"),
        false().label("series_paused"),
        false().label("prompted"),
        false().label("passes_stop"),
    ).cte("source")


def _prompted(kind: Kind) -> Any:
    if kind is not Kind.CONFIRMATION:
        return false()
    return func.coalesce(
        and_(OptInRequest.origin == "form", OptInRequest.requested_at > moment("prompt_since")),
        false(),
    )


def _passes_stop(kind: Kind) -> Any:
    """Let the answer to a stop pass it, and the request to confirm a newer sign-up by email."""
    if kind is Kind.REPLY:
        return func.coalesce(Message.body["passes_stop"].as_boolean(), false())
    if kind is Kind.CONFIRMATION:
        return and_(_prompted(kind), Message.channel == Channel.EMAIL)
    return false()


def hours_table(*, sqlite_form: bool) -> CTE:
    """Return the hours of every profile, from the parameter ``:hours``."""
    if sqlite_form:
        source = (
            "SELECT json_extract(value, '$.i') AS profile_id,"
            " json_extract(value, '$.o') AS is_open, json_extract(value, '$.n') AS next_open,"
            " json_extract(value, '$.s') AS month_start,"
            " json_extract(value, '$.e') AS month_end, json_extract(value, '$.c') AS state_cap,"
            " json_extract(value, '$.x') AS state_stopped"
            " FROM json_each(:hours)"
        )
    else:
        source = (
            "SELECT i AS profile_id, o AS is_open, n AS next_open, s AS month_start,"
            " e AS month_end, c AS state_cap, x AS state_stopped"
            " FROM jsonb_to_recordset(CAST(:hours AS jsonb)) AS h(i bigint, o boolean,"
            " n timestamptz, s timestamptz, e timestamptz, c integer, x boolean)"
        )
    return (
        text(source)
        .columns(
            profile_id=BigId,
            is_open=Boolean(),
            next_open=UtcDateTime(),
            month_start=UtcDateTime(),
            month_end=UtcDateTime(),
            state_cap=Integer(),
            state_stopped=Boolean(),
        )
        .cte("hours")
    )


def gather(source: CTE, kind: Kind, *, sqlite_form: bool, most: Any = None) -> Select[Any]:
    """Return the statement that yields one row of facts for each row of the source.

    ``most`` is how many rows the source has at most, where that is known.
    """
    hours = hours_table(sqlite_form=sqlite_form)
    recent = tallies.recent(source, hours, kind, sqlite_form=sqlite_form, most=most)
    blocked = (
        select(func.max(case((Suppression.reason.in_(STOPS), 1), else_=2)))
        .where(
            Suppression.channel == bindparam("channel", type_=String()),
            Suppression.mailbox_hash == Address.address_hash,
            Suppression.lifted_at.is_(None),
            or_(Suppression.expires_at.is_(None), Suppression.expires_at > moment("now")),
        )
        .correlate(Address)
        .scalar_subquery()
    )
    is_test = kind is Kind.TEST
    address: Any = Address.address
    active: Any = func.coalesce(Contact.status == ContactStatus.ACTIVE, false())
    if is_test:
        address, active = func.coalesce(source.c.fixed_address, Address.address), true()
    elif kind is Kind.REPLY:  # also to a number that nobody on file has
        unknown = source.c.contact_id.is_(None)
        address = case((unknown, source.c.fixed_address), else_=Address.address)
        active = or_(unknown, active)
    return (
        select(
            source.c.row_id,
            source.c.contact_id,
            source.c.subject_id,
            address.label("address"),
            ConsentState.entry_id,
            source.c.exited,
            or_(flag("origin_paused"), source.c.series_paused).label("origin_paused"),
            active.label("active"),
            address.is_not(None).label("has_address"),
            func.coalesce(blocked, 0).label("blocked"),
            source.c.passes_stop,
            source.c.prompted,
            func.coalesce(ConsentState.status, ConsentStatus.NONE.value).label("consent"),
            traits.stale(source).label("consent_stale"),
            traits.known_patient(source).label("known_patient"),
            traits.topic_consent(source).label("topic_consent"),
            traits.phone_shared(source).label("phone_shared"),
            source.c.expires_at,
            Contact.hold_until,
            func.coalesce(recent.c.sent_day, 0).label("sent_day"),
            recent.c.first_day,
            func.coalesce(recent.c.sent_week, 0).label("sent_week"),
            recent.c.first_week,
            func.coalesce(recent.c.sent_month, 0).label("sent_month"),
            ConsentState.frequency_per_month.label("promised"),
            hours.c.month_end,
            hours.c.state_cap,
            func.coalesce(hours.c.state_stopped, false()).label("state_stopped"),
            func.coalesce(hours.c.is_open, false()).label("window_open"),
            hours.c.next_open,
            or_(func.coalesce(recent.c.same, 0) > 0, traits.handed_on(source, kind)).label(
                "address_taken"
            ),
            Contact.first_name,
            Contact.last_name,
            HourProfile.key.label("profile_key"),
            ConsentState.since,
            ConsentState.source_label,
        )
        .select_from(source)
        .outerjoin(Contact, Contact.id == source.c.contact_id)
        .outerjoin(
            Address,
            (Address.contact_id == source.c.contact_id)
            & (Address.channel == bindparam("channel", type_=String())),
        )
        .outerjoin(
            ConsentState,
            (ConsentState.contact_id == source.c.contact_id)
            & (ConsentState.channel == bindparam("channel", type_=String())),
        )
        .outerjoin(ContactHours, ContactHours.contact_id == source.c.contact_id)
        .outerjoin(HourProfile, HourProfile.id == ContactHours.profile_id)
        .outerjoin(hours, hours.c.profile_id == func.coalesce(ContactHours.profile_id, UNKNOWN_ID))
        .outerjoin(recent, recent.c.row_id == source.c.row_id)
    )
