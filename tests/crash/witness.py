"""A table in which the database itself notes, in the order of commits, intents and stops."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaigns.core.db import is_sqlite

_SQLITE = """
CREATE TABLE witness (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, contact_id BIGINT,
channel TEXT, message_id BIGINT)
/
CREATE TRIGGER saw_intent AFTER UPDATE OF intent_at ON messages
WHEN OLD.intent_at IS NULL AND NEW.intent_at IS NOT NULL
BEGIN INSERT INTO witness (kind, contact_id, channel, message_id)
VALUES ('intent', NEW.contact_id, NEW.channel, NEW.id); END
/
CREATE TRIGGER saw_stop AFTER INSERT ON consent_entries WHEN NEW.action = 'opt_out'
BEGIN INSERT INTO witness (kind, contact_id, channel)
VALUES ('stop', NEW.contact_id, NEW.channel); END
"""
_POSTGRES = """
CREATE TABLE witness (id BIGSERIAL PRIMARY KEY, kind TEXT, contact_id BIGINT,
channel TEXT, message_id BIGINT)
/
CREATE FUNCTION saw_intent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO witness (kind, contact_id, channel, message_id)
VALUES ('intent', NEW.contact_id, NEW.channel, NEW.id); RETURN NULL; END $$
/
CREATE FUNCTION saw_stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO witness (kind, contact_id, channel)
VALUES ('stop', NEW.contact_id, NEW.channel); RETURN NULL; END $$
/
CREATE TRIGGER saw_intent AFTER UPDATE OF intent_at ON messages FOR EACH ROW
WHEN (OLD.intent_at IS NULL AND NEW.intent_at IS NOT NULL) EXECUTE FUNCTION saw_intent()
/
CREATE TRIGGER saw_stop AFTER INSERT ON consent_entries FOR EACH ROW
WHEN (NEW.action = 'opt_out') EXECUTE FUNCTION saw_stop()
"""


def install(session: Session) -> None:
    """Let the database note every intent and every stop from now on."""
    for statement in (_SQLITE if is_sqlite(session) else _POSTGRES).split("\n/\n"):
        session.execute(text(statement))
