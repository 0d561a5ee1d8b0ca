"""What a rule may ask about a person: the fields, their operators and their words.

Pure. Every operator has an opposite that is true exactly where it is false (a person
whose state is not known does *not* live in Texas), so a rule can always be said without
the word "not", and a person who is out can always be told why. Later stages register
their own fields; those carry their SQL with them (``FieldSpec.condition``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.audience.places import STATES


class Kind(StrEnum):
    """What kind of value an operator takes."""

    CHOICE = "choice"  # one code
    CHOICES = "choices"  # a list of codes
    TEXT = "text"
    TEXTS = "texts"  # a list of texts
    DAYS = "days"  # a number of days
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operator of a field.

    ``label`` is what the builder shows between field and value; ``many`` follows "People
    who", ``one`` follows a name; ``{value}`` stands for the value in words.
    """

    code: str
    label: str
    kind: Kind
    many: str
    one: str
    opposite: str
    negative: bool = False
    """A negative operator compiles to NOT of its opposite."""


Value = str | int | tuple[str, ...] | None
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind a value of a field: a campaign's content and how it chose people."""

    topical: bool = False
    """Whether the content is on a topic, so that having received it tells one."""
    rules: tuple[Any, ...] = ()
    """The rules by which its people were chosen, which may tell a topic in their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One thing that a rule may ask about a person."""

    code: str
    label: str
    area: str
    """Heading in the builder's list: Interests, Consent, Place, Activity, About."""
    ops: tuple[Op, ...]
    choices: Choices = ()
    load_choices: Callable[[Any], Iterable[tuple[str, str]]] | None = None
    """Reads the choices from a session, for those that live in the database."""
    wording: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(op, value) -> (many, one) where the operator's own phrase does not fit."""
    pattern: str | None = None
    """What each text or code must look like, as a regular expression on the whole of it."""
    example: str = ""
    condition: Callable[[str, Any, datetime], Any] | None = None
    """SQL for the positive operators, a never-null boolean over ``contacts``; None for the
    fields that come with this package (``conditions.py`` has theirs)."""
    sensitive: bool = False
    """Whether every value of it tells what people are interested in."""
    behind: Callable[[Any, Value], Behind] | None = None
    """Looks up, with a session, whether a value tells a topic by what stands behind it."""

    def __post_init__(self) -> None:
        codes = {op.code: op for op in self.ops}
        for op in self.ops:
            other = codes.get(op.opposite)
            if other is None or other.opposite != op.code or other.negative == op.negative:
                raise ValueError(f"{self.code}.{op.code} has no opposite")

    def op(self, code: str) -> Op | None:
        """Return an operator by its code, None if the field does not have it."""
        return next((op for op in self.ops if op.code == code), None)


def pair(
    positive: tuple[str, str, str, str],
    negative: tuple[str, str, str, str],
    kind: Kind,
) -> tuple[Op, Op]:
    """Make an operator and its opposite from (code, label, many, one) each."""
    code, label, many, one = positive
    other, other_label, other_many, other_one = negative
    return (
        Op(code=code, label=label, kind=kind, many=many, one=one, opposite=other),
        Op(
            code=other,
            label=other_label,
            kind=kind,
            many=other_many,
            one=other_one,
            opposite=code,
            negative=True,
        ),
    )


def activity_ops(done: str, not_done_many: str, not_done_one: str) -> tuple[Op, ...]:
    """Make the four operators of something that happens at a time."""
    days = "in the last {value} days"
    return (
        *pair(
            ("within", "in the last … days", f"{done} {days}", f"{done} {days}"),
            (
                "not_within",
                "not in the last … days",
                f"{not_done_many} {days}",
                f"{not_done_one} {days}",
            ),
            Kind.DAYS,
        ),
        *pair(
            ("ever", "at any time", f"{done} at some time", f"{done} at some time"),
            ("never", "never", f"never {done}", f"never {done}"),
            Kind.NOTHING,
        ),
    )


CONSENT_CHOICES: Choices = (
    ("agreed", "agreed"),
    ("not_agreed", "has not agreed"),
    ("pending", "asked, not confirmed yet"),
    ("unproven", "on file without proof"),
    ("left", "left"),
)


def _consent(code: str, label: str, to: str) -> FieldSpec:
    agreed = (f"agreed to {to}", f"agreed to {to}")
    not_agreed = (f"have not agreed to {to}", f"has not agreed to {to}")
    pending = (f"asked for {to} and have not confirmed", f"asked for {to} and has not confirmed")
    settled = (
        f"are not waiting to confirm {to}",
        f"is not waiting to confirm {to}",
    )
    unproven = (
        f"are on file for {to} without proof",
        f"is on file for {to} without proof",
    )
    proven = (
        f"are not on file for {to} without proof",
        f"is not on file for {to} without proof",
    )
    left = (f"left {to}", f"left {to}")
    stayed = (f"have not left {to}", f"has not left {to}")
    return FieldSpec(
        code=code,
        label=label,
        area="Consent",
        ops=pair(("is", "is", "{value}", "{value}"), ("is_not", "is not", "", ""), Kind.CHOICE),
        choices=CONSENT_CHOICES,
        wording={
            ("is", "agreed"): agreed,
            ("is_not", "agreed"): not_agreed,
            ("is", "not_agreed"): not_agreed,
            ("is_not", "not_agreed"): agreed,
            ("is", "pending"): pending,
            ("is_not", "pending"): settled,
            ("is", "unproven"): unproven,
            ("is_not", "unproven"): proven,
            ("is", "left"): left,
            ("is_not", "left"): stayed,
        },
    )


BUILT_IN: tuple[FieldSpec, ...] = (
    FieldSpec(
        code="interest",
        label="Interest",
        area="Interests",
        ops=pair(
            ("has", "is", "are interested in {value}", "is interested in {value}"),
            ("has_not", "is not", "are not interested in {value}", "is not interested in {value}"),
            Kind.CHOICE,
        ),
        pattern=r"[a-z0-9_]{1,40}",
        example="joint_pain",
        sensitive=True,
    ),
    _consent("email_consent", "Email", "email"),
    _consent("sms_consent", "Texts", "texts"),
    FieldSpec(
        code="state",
        label="State",
        area="Place",
        ops=pair(
            ("in", "is one of", "live in {value}", "lives in {value}"),
            ("not_in", "is none of", "do not live in {value}", "does not live in {value}"),
            Kind.CHOICES,
        ),
        choices=STATES,
        example="TX",
    ),
    FieldSpec(
        code="postal_code",
        label="ZIP code",
        area="Place",
        ops=(
            *pair(
                (
                    "starts_with",
                    "starts with",
                    "have a ZIP code that starts with {value}",
                    "has a ZIP code that starts with {value}",
                ),
                (
                    "not_starts_with",
                    "does not start with",
                    "have no ZIP code that starts with {value}",
                    "has no ZIP code that starts with {value}",
                ),
                Kind.TEXTS,
            ),
            *pair(
                ("in", "is one of", "live in ZIP code {value}", "lives in ZIP code {value}"),
                (
                    "not_in",
                    "is none of",
                    "do not live in ZIP code {value}",
                    "does not live in ZIP code {value}",
                ),
                Kind.TEXTS,
            ),
        ),
        pattern=r"\d{1,5}",
        example="787",
    ),
    FieldSpec(
        code="city",
        label="City",
        area="Place",
        ops=pair(
            ("is", "is", "live in {value}", "lives in {value}"),
            ("is_not", "is not", "do not live in {value}", "does not live in {value}"),
            Kind.TEXT,
        ),
        example="Austin",
    ),
    FieldSpec(
        code="clicked",
        label="Clicked a link",
        area="Activity",
        ops=activity_ops("clicked a link", "have not clicked a link", "has not clicked a link"),
    ),
    FieldSpec(
        code="booked",
        label="Booked",
        area="Activity",
        ops=activity_ops("booked", "have not booked", "has not booked"),
    ),
    FieldSpec(
        code="heard",
        label="Last heard from",
        area="Activity",
        ops=activity_ops(
            "gave a sign of life", "have not given a sign of life", "has not given a sign of life"
        ),
    ),
    FieldSpec(
        code="added",
        label="Added to the list",
        area="Activity",
        ops=pair(
            (
                "within",
                "in the last … days",
                "were added in the last {value} days",
                "was added in the last {value} days",
            ),
            (
                "not_within",
                "more than … days ago",
                "were added more than {value} days ago",
                "was added more than {value} days ago",
            ),
            Kind.DAYS,
        ),
    ),
    FieldSpec(
        code="source",
        label="Came by",
        area="About",
        ops=pair(
            ("is", "is", "came by {value}", "came by {value}"),
            ("is_not", "is not", "did not come by {value}", "did not come by {value}"),
            Kind.TEXT,
        ),
        pattern=r"[^%\x00]{1,80}",
        example="form",
    ),
    FieldSpec(
        code="locale",
        label="Language",
        area="About",
        ops=pair(
            ("is", "is", "read {value}", "reads {value}"),
            ("is_not", "is not", "do not read {value}", "does not read {value}"),
            Kind.CHOICE,
        ),
        choices=(("en", "English"), ("es", "Spanish")),
    ),
    FieldSpec(
        code="address",
        label="Address on file",
        area="About",
        ops=pair(
            ("has", "has", "have {value}", "has {value}"),
            ("has_not", "has no", "do not have {value}", "does not have {value}"),
            Kind.CHOICE,
        ),
        choices=(("email", "an email address"), ("phone", "a phone number")),
    ),
)

_registry: dict[str, FieldSpec] = {spec.code: spec for spec in BUILT_IN}


def register(spec: FieldSpec) -> None:
    """Add a field of a later stage; the same code again replaces it (wiring may run twice)."""
    if spec.condition is None:
        raise ValueError(f"the field {spec.code} brings no SQL")
    _registry[spec.code] = spec


def find(code: str) -> FieldSpec | None:
    """Return a field by its code, None if there is none."""
    return _registry.get(code)


def all_fields() -> tuple[FieldSpec, ...]:
    """Return every field in the order of the builder's list."""
    return tuple(_registry.values())
