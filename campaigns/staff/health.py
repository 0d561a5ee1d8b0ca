"""Settings: whether the service is at work, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import render_template
from sqlalchemy import func, select

from campaigns.accounts.permissions import Permission, requires
from campaigns.core import schema
from campaigns.delivery.models import Breaker, Message, MessageState
from campaigns.events import comparison, effects
from campaigns.events.ingest import SENDGRID
from campaigns.events.models import ProviderEvent
from campaigns.jobs.models import TaskRun
from campaigns.staff.blueprint import bp
from campaigns.web import context

LATE = timedelta(minutes=2)
RECENT = timedelta(days=7)
"""So long are reports shown that the service could not read."""
SHOWN = 20
PROVIDERS = {"sendgrid": "SendGrid", "twilio": "Twilio"}
_SLOW = {"clean-up": timedelta(minutes=30)}
NAMES = {
    "deliver": "Sending messages",
    "imports": "Reading imported files",
    "events": "Taking in receipts and replies",
    "replies": "Asking for replies that no webhook brought",
    "comparison": "Comparing our list with the provider’s own",
    "drips": "Moving people along their drips",
    "clean-up": "Cleaning up",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A periodic task as the page shows it."""

    name: str
    at: datetime | None
    tone: str
    state: str
    error: str | None = None


@bp.get("/settings/health")
@requires(Permission.READ_REPORTS)
def health() -> str:
    """Show last runs, rests and what waits."""
    now = context.now()
    waiting = (
        MessageState.PLANNED,
        MessageState.HELD,
        MessageState.SENDING,
        MessageState.UNCERTAIN,
    )
    with context.reading() as session:
        runs = {run.name: run for run in session.scalars(select(TaskRun))}
        breakers = session.scalars(select(Breaker).order_by(Breaker.channel)).all()
        rows = session.execute(
            select(Message.state, func.count())
            .where(Message.state.in_(waiting))
            .group_by(Message.state)
        )
        counts: dict[str, int] = {row[0]: row[1] for row in rows}
        strange = session.execute(
            select(ProviderEvent.provider, ProviderEvent.kind, func.count())
            .where(
                ProviderEvent.received_at > now - RECENT,
                ProviderEvent.effect == effects.UNKNOWN,
            )
            .group_by(ProviderEvent.provider, ProviderEvent.kind)
            .order_by(ProviderEvent.provider, ProviderEvent.kind)
            .limit(SHOWN)
        ).all()
        compared = comparison.last(session, SENDGRID)
        overdue = session.scalar(
            select(func.min(Message.due_at)).where(
                Message.state == MessageState.PLANNED, Message.due_at < now - LATE
            )
        )
    tasks = [_task(name, runs.get(name), now) for name in {**NAMES, **dict.fromkeys(runs)}]
    found = schema.current(context.services().db)
    return render_template(
        "staff/settings/health.html",
        tasks=tasks,
        at_work=any(task.tone == "green" for task in tasks),
        breakers=[row for row in breakers if row.open_until is not None and row.open_until > now],
        planned=counts.get(MessageState.PLANNED, 0),
        held=counts.get(MessageState.HELD, 0),
        sending=counts.get(MessageState.SENDING, 0),
        checking=counts.get(MessageState.UNCERTAIN, 0),
        overdue=overdue,
        strange=[(PROVIDERS.get(row[0], row[0]), row[1], row[2]) for row in strange],
        days=RECENT.days,
        compared=compared if compared is not None and compared.finished_at else None,
        differences=comparison.differences(compared) if compared is not None else None,
        schema_current=found == schema.head(),
        database="SQLite" if context.services().db.is_sqlite else "Postgres",
    )


def _task(name: str, run: TaskRun | None, now: datetime) -> Task:
    label = NAMES.get(name, name)
    if run is None:
        return Task(name=label, at=None, tone="grey", state="Not run yet")
    if run.error:
        return Task(name=label, at=run.started_at, tone="red", state="Failed", error=run.error)
    if now - run.started_at > _SLOW.get(name, LATE):
        return Task(name=label, at=run.started_at, tone="amber", state="Late")
    return Task(name=label, at=run.started_at, tone="green", state="At work")
