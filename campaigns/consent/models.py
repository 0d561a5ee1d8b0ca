"""Tables of consent: wording, the append-only ledger, its current state, suppression."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from campaigns.core.db import Base, BigId, JsonValue


class Action(StrEnum):
    """What a ledger entry records."""

    OPT_IN_REQUESTED = "opt_in_requested"
    OPT_IN_CONFIRMED = "opt_in_confirmed"
    OPT_OUT = "opt_out"
    HEALTH_TOPIC_CONSENT = "health_topic_consent"
    HEALTH_TOPIC_WITHDRAWN = "health_topic_withdrawn"
    TAKEN_BACK = "taken_back"  # the clinic took back what it had recorded: an import undone
    ADDRESS_CHANGED = "address_changed"  # consent for the old address ended with it
    ERASED = "erased"  # the person was erased: evidence before this entry is gone lawfully


class Method(StrEnum):
    """By what road a wish was expressed."""

    WEB_FORM = "web_form"
    PAPER_FORM = "paper_form"
    KEYWORD = "keyword"
    VERBAL = "verbal_recorded"
    IMPORT = "import_with_proof"
    PREFERENCES = "preference_page"
    ONE_CLICK = "one_click"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"
    REPLY = "reply"
    PROVIDER = "provider"
    STAFF = "staff"
    UNDO = "undo"


class ConsentStatus(StrEnum):
    """Where a person stands on a channel now; only GRANTED may receive marketing."""

    NONE = "none"
    UNCONFIRMED = "unconfirmed"  # email without proof: may get one confirmation request
    WAITING = "waiting"  # text without proof: waits for proof, gets nothing
    PENDING = "pending"  # asked for by the person, not confirmed yet
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class SuppressionReason(StrEnum):
    """Why an address is not contacted (compliance.md section 14); only some may be lifted."""

    OPT_OUT = "opt_out"
    PROVIDER_OPT_OUT = "provider_optout"
    COMPLAINT = "complaint"
    HARD_BOUNCE = "hard_bounce"
    INVALID = "invalid"
    NOT_MOBILE = "not_mobile"
    UNROUTABLE = "unroutable"
    SOFT_BLOCK = "soft_block"
    BLOCKED = "blocked"
    REASSIGNED = "reassigned"
    LEGAL = "legal"
    MANUAL = "manual"
    DECEASED = "deceased"
    MINOR = "minor"
    ERASED = "erased"


class Wording(Base):
    """A text that people were shown, stored once by its SHA-256."""

    __tablename__ = "wordings"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class Disclosure(Base):
    """A version of the words beside a consent control; immutable once used."""

    __tablename__ = "disclosures"
    __table_args__ = (UniqueConstraint("kind", "locale", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    """``email``, ``sms`` or ``health_topic``."""
    locale: Mapped[str] = mapped_column(String(5), default="en")
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    """With the placeholders {BRAND}, {N}, {PRIVACY_URL}, {TERMS_URL}."""
    frequency_per_month: Mapped[int | None]
    """The N that the words promise; a hard cap for everybody who agreed to them."""
    checklist: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """CON-01's points ``a`` to ``g``: who vouched for each, ``words`` (read in the text by
    the service), ``form`` (how the service shows it) or ``person`` (ticked by the approver)."""
    approved_by: Mapped[str] = mapped_column(String(120), default="")
    approved_by_id: Mapped[int | None] = mapped_column(BigId)
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class ConsentEntry(Base):
    """One expressed wish; append-only (triggers refuse UPDATE and DELETE), hash-chained.

    Holds ids, times and hashes only; what can identify a person lies in
    ``consent_evidence``, which can be erased without breaking the chain.
    """

    __tablename__ = "consent_entries"
    __table_args__ = (
        Index("ix_consent_entries_contact", "contact_id", "channel", "id"),
        Index("ix_consent_entries_action", "action", "recorded_at", "contact_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    """Also the sequence number of the chain: no gaps."""
    contact_id: Mapped[int] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(String(5))
    """``email``, ``sms``, or ``topic`` for consent to keep topics of health."""
    program: Mapped[str] = mapped_column(String(10), default="marketing")
    action: Mapped[str] = mapped_column(String(30))
    method: Mapped[str] = mapped_column(String(20))
    expressed_at: Mapped[datetime]
    """When the person said it (an import quotes an earlier time)."""
    recorded_at: Mapped[datetime]
    address_hash: Mapped[str | None] = mapped_column(String(72))
    disclosure_id: Mapped[int | None] = mapped_column(ForeignKey("disclosures.id"))
    wording_sha256: Mapped[str | None] = mapped_column(ForeignKey("wordings.sha256"))
    evidence_sha256: Mapped[str] = mapped_column(String(64))
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigId)
    prev_hash: Mapped[str] = mapped_column(String(64))
    row_hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(48))
    """``kid:hex`` over ``row_hash`` with a key that is not in the database, so that who
    rewrites an entry and every hash after it is found out at that entry."""


class ConsentHead(Base):
    """The end of the chain as last written: entries cut off behind it are missed."""

    __tablename__ = "consent_head"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    """Always 1."""
    entry_id: Mapped[int] = mapped_column(BigId)
    row_hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(48))


class ConsentEvidence(Base):
    """What identifies the person behind a ledger entry; erasable."""

    __tablename__ = "consent_evidence"

    entry_id: Mapped[int] = mapped_column(ForeignKey("consent_entries.id"), primary_key=True)
    details: Mapped[dict[str, Any]]
    """person_name, address, ip, user_agent, source_url, form, note, import line, reply words."""


class ConsentState(Base):
    """Where a person stands on a channel now; written in the same transaction as the entry."""

    __tablename__ = "consent_states"
    __table_args__ = (
        # SQLite keeps it in the order of its key: one tree to write and to look in.
        {"sqlite_with_rowid": False},
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(5), primary_key=True)
    status: Mapped[str] = mapped_column(String(12))
    since: Mapped[datetime]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("consent_entries.id"))
    frequency_per_month: Mapped[int | None]
    source_label: Mapped[str] = mapped_column(String(120), default="")
    """For the footer: "You signed up at …"."""


class OptInRequest(Base):
    """A double opt-in under way: one confirmation message, valid for a time."""

    __tablename__ = "optin_requests"
    __table_args__ = (
        Index("ix_optin_requests_contact", "contact_id", "channel"),
        Index(
            "uq_optin_requests_import",
            "channel",
            "address",
            unique=True,
            sqlite_where=text("origin = 'import' AND address <> ''"),
            postgresql_where=text("origin = 'import' AND address <> ''"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    channel: Mapped[str] = mapped_column(String(5))
    address: Mapped[str] = mapped_column(String(254))
    """The address at the time: a confirmation counts only while it is still the person's."""
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("consent_entries.id"))
    requested_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    origin: Mapped[str] = mapped_column(String(20), default="form")
    """``form`` or ``keyword`` (the person asked), ``import`` (staff asked for proof)."""
    form_id: Mapped[int | None] = mapped_column(ForeignKey("signup_forms.id"), index=True)
    """The sign-up form that it came from."""


class Suppression(Base):
    """An address that is not to be contacted on a channel; by keyed hash, never by person."""

    __tablename__ = "suppressions"
    __table_args__ = (
        Index("ix_suppressions_address_hash", "address_hash"),
        Index("ix_suppressions_mailbox_hash", "mailbox_hash", "lifted_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(5))
    address_hash: Mapped[str] = mapped_column(String(72))
    """Of the address as it was written."""
    mailbox_hash: Mapped[str] = mapped_column(String(72))
    """Of the mailbox behind it (``addresses.mailbox``): what blocks compares with
    ``addresses.address_hash``. It only blocks; it never says that two people are one."""
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(255), default="")
    contact_id: Mapped[int | None] = mapped_column(BigId)
    expressed_at: Mapped[datetime]
    """When the person said it or the provider found it: an older wish never lifts this."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]
    lifted_by_entry_id: Mapped[int | None] = mapped_column(ForeignKey("consent_entries.id"))
    lift_note: Mapped[str] = mapped_column(String(255), default="")
    """Why staff took it off the list."""


class SignupAttempt(Base):
    """One use of the public sign-up form, for its limits; keyed hashes only, never an IP.

    ``*_hash`` of an address is set only when a confirmation was asked for it; addresses are
    folded first (plus-tags, dots), so that one mailbox cannot be flooded under many names.
    """

    __tablename__ = "signup_attempts"
    __table_args__ = (
        Index("ix_signup_attempts_ip", "ip_hash", "at"),
        Index("ix_signup_attempts_network", "network_hash", "at"),
        Index("ix_signup_attempts_email", "email_hash", "at"),
        Index("ix_signup_attempts_phone", "phone_hash", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    ip_hash: Mapped[str] = mapped_column(String(32))
    network_hash: Mapped[str] = mapped_column(String(32))
    email_hash: Mapped[str | None] = mapped_column(String(32))
    phone_hash: Mapped[str | None] = mapped_column(String(32))
    phone_block_hash: Mapped[str | None] = mapped_column(String(32))
    """Of the thousand numbers around a phone: adjacent ones are the mark of pumping."""
    text_parts: Mapped[int] = mapped_column(default=0)
    """Parts of the text that asks for confirmation: what it costs."""


class PreferenceCode(Base):
    """A six-digit code sent to an address, to prove it before topics are shown."""

    __tablename__ = "preference_codes"
    __table_args__ = (Index("ix_preference_codes_contact", "contact_id", "created_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"))
    channel: Mapped[str] = mapped_column(String(5))
    message_id: Mapped[int] = mapped_column(BigId)
    """The message whose preference link was opened; its address is the one that is proved."""
    salt: Mapped[str] = mapped_column(String(32))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class SignupForm(Base):
    """A place where people sign up: its page, its frame for a website, its poster, its tablet.

    The slug is printed on posters and never changes. ``words`` holds what staff wrote in
    place of our own words, by key and language: ``{"thanks": {"en": "…", "es": "…"}}``.
    """

    __tablename__ = "signup_forms"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    """For staff."""
    active: Mapped[bool] = mapped_column(default=True)
    keyword: Mapped[str | None] = mapped_column(String(12), unique=True)
    """The word to text, in capitals."""
    channels: Mapped[list[str]] = mapped_column(JsonValue)
    topics: Mapped[list[str] | None] = mapped_column(JsonValue)
    """Codes of the interests that are offered; None for all that are switched on."""
    words: Mapped[dict[str, Any]]
    embed_origins: Mapped[list[str]] = mapped_column(JsonValue)
    """Websites that may frame it: ``https://www.example.com``."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SignupTablet(Base):
    """A form opened for the front desk's tablet by a member of staff, for some hours."""

    __tablename__ = "signup_tablets"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("signup_forms.id"), index=True)
    opened_by_id: Mapped[int] = mapped_column(BigId)
    opened_by: Mapped[str] = mapped_column(String(120))
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    blank_since: Mapped[datetime]
    """A page shown before then belongs to an earlier person: what it held is not shown again."""
    spent_seats: Mapped[list[int]] = mapped_column(JsonValue, default=list)
    """Seats (one for each blank form that a device was shown) whose person has left."""
    ended_at: Mapped[datetime | None]


class Scan(Base):
    """A scan or photo of a signed form; the file lies sealed in the data folder.

    ``sha256`` is of the file as it came and is quoted in the ledger's evidence; it stays
    when the file is erased.
    """

    __tablename__ = "scans"
    __table_args__ = (
        Index("ix_scans_contact", "contact_id"),
        Index("ix_scans_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(20))
    size: Mapped[int]
    """Bytes of the file as it came."""
    filename: Mapped[str] = mapped_column(String(120), default="")
    contact_id: Mapped[int | None] = mapped_column(BigId)
    """Whose form it is; None for the empty form of a whole batch."""
    uploaded_by: Mapped[str] = mapped_column(String(120))
    uploaded_by_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
