"""The one gate: an ordered table of rules that every message passes at the last moment.

Values in, a verdict out. ``delivery.gate`` holds the SQL form of each rule under the same
code, and a test proves on random facts that both agree. Order matters: switches first,
then content, then the person, then what only delays. The first rule that applies decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.eligibility.caps import DAY, WEEK

LOOK_AGAIN = timedelta(hours=1)
"""How often a message to a stopped state asks whether the stop was lifted."""


class Kind(StrEnum):
    """What sort of message it is; only marketing needs consent, caps and hours."""

    BROADCAST = "broadcast"
    DRIP_STEP = "drip_step"
    CONFIRMATION = "confirmation"
    REPLY = "reply"
    TEST = "test"

    @property
    def is_marketing(self) -> bool:
        """Whether it is sent on the clinic's own wish."""
        return self in (Kind.BROADCAST, Kind.DRIP_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that the gate looks at for one message."""

    now: datetime
    kind: Kind
    # of the clinic, the channel, the campaign
    org_stopped: bool = False
    channel_off: bool = False
    """Staff stopped the channel."""
    channel_stopped: bool = False
    """The channel rests, because of what the provider answered."""
    origin_cancelled: bool = False
    origin_paused: bool = False
    content_approved: bool = True
    transport_uncovered: bool = False
    """Strict privacy mode, and the way out has no signed BAA on record."""
    topic_used: bool = False
    """The content is on a topic, or the group was chosen by one."""
    cap_day: int = 1
    cap_week: int = 3
    # of the person
    exited: bool = False
    active: bool = True
    has_address: bool = True
    stopped: bool = False
    """The address is suppressed by the person's own stop."""
    suppressed: bool = False
    """The address is suppressed for another reason (bounce, complaint, staff)."""
    passes_stop: bool = False
    """The one message that a person who just said stop may still get, or asked for since."""
    prompted: bool = False
    """The person's own action, minutes ago, asked for this very message."""
    consent: str = "granted"
    consent_stale: bool = False
    """No message for so long, and no newer agreement, that the person is asked again first."""
    known_patient: bool = False
    topic_consent: bool = True
    phone_shared: bool = False
    """Asked for texts on a topic only: somebody else on file has the same phone."""
    expires_at: datetime | None = None
    hold_until: datetime | None = None
    sent_day: int = 0
    first_day: datetime | None = None
    """When the earliest of the last 24 hours' messages left."""
    sent_week: int = 0
    first_week: datetime | None = None
    sent_month: int = 0
    promised: int | None = None
    month_end: datetime | None = None
    state_cap: int | None = None
    state_stopped: bool = False
    """Texts to a state in which the person may be are stopped."""
    window_open: bool = True
    next_open: datetime | None = None
    address_taken: bool = False
    """Somebody else got this very campaign at the same address."""


@dataclass(frozen=True, slots=True)
class Send:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now. ``until`` None: when somebody lifts what stands in the way."""

    until: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Drop:
    """It will not be sent; the row keeps the code."""

    code: str


Verdict = Send | Hold | Drop


class Effect(StrEnum):
    """What a rule does to a message to which it applies."""

    WAIT = "wait"  # stays planned until a switch is turned back
    HOLD = "hold"  # until a moment that the rule names
    DROP = "drop"  # not sent
    CAP = "cap"  # a drip's message is held, a broadcast's is skipped


def _never(_facts: Facts) -> datetime | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its code, its sentence for staff, when it applies and what follows."""

    code: str
    sentence: str
    effect: Effect
    applies: Callable[[Facts], bool]
    until: Callable[[Facts], datetime | None] = _never

    def verdict(self, facts: Facts) -> Verdict | None:
        """Return what this rule decides, None if it does not apply."""
        if not self.applies(facts):
            return None
        if self.effect is Effect.WAIT:
            return Hold(None, self.code)
        if self.effect is Effect.DROP:
            return Drop(self.code)
        if self.effect is Effect.CAP and facts.kind is Kind.BROADCAST:
            return Drop(self.code)
        return Hold(self.until(facts), self.code)


def _answers_stop(f: Facts) -> bool:
    return f.kind is Kind.REPLY and f.passes_stop


def _bound_by_hours(f: Facts) -> bool:
    return f.kind.is_marketing or (f.kind is Kind.CONFIRMATION and not f.prompted)


RULES: tuple[Rule, ...] = (
    Rule(
        code="org_stopped",
        sentence="Everything is stopped. Nothing leaves until somebody allows sending again.",
        effect=Effect.WAIT,
        applies=lambda f: f.org_stopped and not _answers_stop(f),
    ),
    Rule(
        code="channel_off",
        sentence="Staff stopped this channel. It waits until somebody allows it again.",
        effect=Effect.WAIT,
        applies=lambda f: f.channel_off and not _answers_stop(f),
    ),
    Rule(
        code="channel_stopped",
        sentence="This channel is stopped, because the provider refused or gave no clear answer.",
        effect=Effect.WAIT,
        applies=lambda f: f.channel_stopped,
    ),
    Rule(
        code="cancelled",
        sentence="The campaign was cancelled before this message left.",
        effect=Effect.DROP,
        applies=lambda f: f.origin_cancelled,
    ),
    Rule(
        code="paused",
        sentence="The campaign is paused.",
        effect=Effect.WAIT,
        applies=lambda f: f.origin_paused,
    ),
    Rule(
        code="state_stopped",
        sentence="Texts to the person's state are stopped for now, as in a declared emergency.",
        effect=Effect.HOLD,
        applies=lambda f: f.kind.is_marketing and f.state_stopped,
        until=lambda f: f.now + LOOK_AGAIN,
    ),
    Rule(
        code="left_drip",
        sentence="Left the series before this message was due, for example by booking.",
        effect=Effect.DROP,
        applies=lambda f: f.exited,
    ),
    Rule(
        code="content_unapproved",
        sentence="The content has no valid approval.",
        effect=Effect.WAIT,
        applies=lambda f: f.kind.is_marketing and not f.content_approved,
    ),
    Rule(
        code="inactive",
        sentence="Not an active contact: a minor, deceased, merged or erased.",
        effect=Effect.DROP,
        applies=lambda f: not f.active,
    ),
    Rule(
        code="no_address",
        sentence="Has no address for this channel.",
        effect=Effect.DROP,
        applies=lambda f: not f.has_address,
    ),
    Rule(
        code="opted_out",
        sentence="Said stop: on the do-not-contact list by their own wish.",
        effect=Effect.DROP,
        applies=lambda f: f.stopped and not f.passes_stop,
    ),
    Rule(
        code="do_not_contact",
        sentence="The address is on the do-not-contact list (bounced, complained, or added by "
        "staff).",
        effect=Effect.DROP,
        applies=lambda f: f.suppressed,
    ),
    Rule(
        code="withdrawn",
        sentence="Withdrew consent for this channel.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.consent == "withdrawn",
    ),
    Rule(
        code="waiting_for_proof",
        sentence="Consent is waiting for proof.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.consent == "waiting",
    ),
    Rule(
        code="unconfirmed",
        sentence="Has not confirmed yet that they want these messages.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.consent in ("unconfirmed", "pending"),
    ),
    Rule(
        code="no_consent",
        sentence="No consent on file for this channel.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.consent != "granted",
    ),
    Rule(
        code="stale_consent",
        sentence="Agreed long ago and got nothing for 18 months: has to confirm again first.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.consent_stale,
    ),
    Rule(
        code="transport_uncovered",
        sentence="Privacy mode is strict and the provider has no signed BAA on record: messages "
        "on a topic, or to a known patient, need one that has (for example an SMTP relay that "
        "signs one).",
        effect=Effect.DROP,
        applies=lambda f: (
            f.kind.is_marketing and f.transport_uncovered and (f.topic_used or f.known_patient)
        ),
    ),
    Rule(
        code="no_topic_consent",
        sentence="Has not agreed to messages on this topic, or not by this channel.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.topic_used and not f.topic_consent,
    ),
    Rule(
        code="shared_phone",
        sentence="Shares the phone with somebody else on file, so it gets no text on a topic.",
        effect=Effect.DROP,
        applies=lambda f: f.kind.is_marketing and f.topic_used and f.phone_shared,
    ),
    Rule(
        code="expired",
        sentence="Its time limit passed before it could leave.",
        effect=Effect.DROP,
        applies=lambda f: f.expires_at is not None and f.expires_at <= f.now,
    ),
    Rule(
        code="on_hold",
        sentence="Messages to this person are on hold for now.",
        effect=Effect.HOLD,
        applies=lambda f: f.kind.is_marketing and f.hold_until is not None and f.hold_until > f.now,
        until=lambda f: f.hold_until,
    ),
    Rule(
        code="cap_state",
        sentence="Had as many texts in 24 hours as the person's state allows.",
        effect=Effect.CAP,
        applies=lambda f: (
            f.kind.is_marketing and f.state_cap is not None and f.sent_day >= f.state_cap
        ),
        until=lambda f: (f.first_day or f.now) + DAY,
    ),
    Rule(
        code="cap_day",
        sentence="Had as many messages in 24 hours as the clinic allows.",
        effect=Effect.CAP,
        applies=lambda f: f.kind.is_marketing and f.sent_day >= f.cap_day,
        until=lambda f: (f.first_day or f.now) + DAY,
    ),
    Rule(
        code="cap_week",
        sentence="Had as many messages in 7 days as the clinic allows.",
        effect=Effect.CAP,
        applies=lambda f: f.kind.is_marketing and f.sent_week >= f.cap_week,
        until=lambda f: (f.first_week or f.now) + WEEK,
    ),
    Rule(
        code="cap_promised",
        sentence="Had as many messages this month as the person was promised.",
        effect=Effect.CAP,
        applies=lambda f: (
            f.kind.is_marketing and f.promised is not None and f.sent_month >= f.promised
        ),
        until=lambda f: f.month_end,
    ),
    Rule(
        code="no_window",
        sentence="No lawful time within seven days at any place where this person may be.",
        effect=Effect.DROP,
        applies=lambda f: _bound_by_hours(f) and not f.window_open and f.next_open is None,
    ),
    Rule(
        code="outside_hours",
        sentence="Waits for hours at which messages are allowed where this person may be.",
        effect=Effect.HOLD,
        applies=lambda f: _bound_by_hours(f) and not f.window_open,
        until=lambda f: f.next_open,
    ),
    Rule(
        code="shared_address",
        sentence="Somebody at the same address gets this campaign already.",
        effect=Effect.DROP,
        applies=lambda f: f.address_taken,
    ),
)

SENTENCES: dict[str, str] = {rule.code: rule.sentence for rule in RULES}


def decide(facts: Facts) -> Verdict:
    """Return what happens to a message: the first rule that applies decides, else it is sent."""
    for rule in RULES:
        verdict = rule.verdict(facts)
        if verdict is not None:
            return verdict
    return Send()
