"""When each periodic task last ran and how it ended; shown on the health page."""

from __future__ import annotations

import threading
import time

from sqlalchemy.dialects import postgresql, sqlite

from campaigns.core.db import is_sqlite
from campaigns.core.logs import mask
from campaigns.jobs.models import TaskRun
from campaigns.wiring import Services

_EVERY_SECONDS = 15.0
_last: dict[str, float] = {}
_lock = threading.Lock()


def note(services: Services, name: str, *, error: str | None) -> None:
    """Record the end of a run: a failure at once, a success at most every 15 seconds.

    Ticks run many times a second; a durable write for each would cost more than the work.
    """
    with _lock:
        due = time.monotonic() - _last.get(name, -_EVERY_SECONDS) >= _EVERY_SECONDS
        if error is None and not due:
            return
        _last[name] = time.monotonic()
    now = services.clock.now()
    values = {"started_at": now, "finished_at": now, "error": mask(error) if error else None}
    with services.db.transaction() as session:
        insert = sqlite.insert if is_sqlite(session) else postgresql.insert
        session.execute(
            insert(TaskRun)
            .values(name=name, **values)
            .on_conflict_do_update(index_elements=[TaskRun.name], set_=values)
        )
