"""Whether replies that came while the service was away have been read: texts wait for that.

A STOP sent while we were down may reach us only when the provider is asked for it. So
after a start, and after any gap, no text leaves until the provider's list of replies has
been read once. Two bounds keep a faulty list from silencing the clinic: a list that the
provider refuses to show (a key without that right) holds up nothing, and one that cannot
be read for ``PATIENCE`` no longer does. Both show on the health page. All times are the
machine's, because the provider's are.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaigns.delivery.models import Listening

GAP = timedelta(minutes=15)
"""After this long without a look at the replies, texts wait for the next one."""
PATIENCE = timedelta(minutes=15)


def get(session: Session, channel: str) -> Listening | None:
    """Return how far a channel's replies have been read; None where nobody asks for any."""
    return session.get(Listening, channel)


def begin(session: Session, channel: str, *, now: datetime) -> None:
    """Note that this process will ask for replies; behind by a gap, texts wait from here on."""
    row = _row(session, channel)
    if row.read_until is None or now - row.read_until > GAP:
        row.tried_at = row.failing_since = row.error = None
        row.refused = False


def may_send(session: Session, channel: str, *, now: datetime) -> bool:
    """Tell whether messages of a channel may leave, as far as its replies are concerned."""
    row = session.get(Listening, channel, populate_existing=True)
    if row is None or row.refused:
        return True
    if row.read_until is not None and now - row.read_until <= GAP:
        return True
    return row.failing_since is not None and now - row.failing_since > PATIENCE


def note_tried(session: Session, channel: str, *, now: datetime) -> None:
    """Note that the provider is being asked, so that no second process does it at once."""
    _row(session, channel).tried_at = now


def note_read(session: Session, channel: str, *, until: datetime) -> None:
    """Note that everything sent up to a moment has been read."""
    row = _row(session, channel)
    row.read_until = max(until, row.read_until or until)
    row.failing_since = row.error = None
    row.refused = False


def note_failed(
    session: Session, channel: str, *, error: str, refused: bool, now: datetime
) -> None:
    """Note that the list could not be read; ``refused`` when the provider will not show it."""
    row = _row(session, channel)
    row.failing_since = row.failing_since or now
    row.error, row.refused = error[:500], refused


def _row(session: Session, channel: str) -> Listening:
    row = session.get(Listening, channel, with_for_update=True)
    if row is None:
        row = Listening(channel=channel, refused=False)
        session.add(row)
        session.flush()
    return row
