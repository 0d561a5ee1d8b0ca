"""Engines, the two kinds of session, and the column types that every model uses.

``transaction()`` is the only place in the project that commits. Domain functions take
a session, may flush, and never commit. On SQLite a transaction is BEGIN IMMEDIATE, so
that two writers queue instead of failing half-way; ``reading()`` is a separate
read-only session, because a deferred read that later writes fails at once whatever the
busy time-out is. ``synchronous=FULL``: an intent to send must survive a power cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, Connection, CursorResult, Dialect, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from campaigns.core.keys import KeyRing

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")
"""Integer key: 64 bits on both databases (SQLite autoincrements only INTEGER)."""

JsonValue = JSON().with_variant(JSONB(), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, aware and in UTC both ways; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into what the driver stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read SQLite's text in one step: a batch of rows has thousands of instants."""
        if dialect.name == "sqlite":
            return _instant
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@lru_cache(maxsize=4096)
def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all models; one metadata, one naming convention (Alembic needs it on SQLite)."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JsonValue,
        list[Any]: JsonValue,
    }


class Database:
    """One database: a writing and a reading engine, and the sessions on them."""

    def __init__(self, url: str | URL, *, keys: KeyRing) -> None:
        self.url = make_url(url)
        self.keys = keys
        if self.is_sqlite and self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _engine(self.url, read_only=False)
        self.read_engine = _engine(self.url, read_only=True)
        info: dict[str, Any] = {"keys": keys}
        self._writing = sessionmaker(self.engine, expire_on_commit=False, info=info)
        self._reading = sessionmaker(
            self.read_engine, expire_on_commit=False, autoflush=False, info=info
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a write transaction; commit at the end of the block, roll back on any error.

        Keep it short (under about 200 ms on SQLite) and free of network calls.
        """
        with self._writing() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only session on a consistent snapshot; a write in it fails."""
        with self._reading() as session:
            yield session

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()
        self.read_engine.dispose()


def keys_of(session: Session) -> KeyRing:
    """Return the key ring that the session was opened with."""
    keys: KeyRing = session.info["keys"]
    return keys


def is_sqlite(session: Session) -> bool:
    """Tell whether the session speaks to SQLite (for the few statements that differ)."""
    return session.get_bind().dialect.name == "sqlite"


_SET_BASED = {"synchronize_session": False, "preserve_rowcount": True}


def change(session: Session, statement: UpdateBase) -> int:
    """Run an INSERT, UPDATE or DELETE on many rows and return how many it met.

    Objects that the session holds are not brought up to date: refresh those you use.
    """
    result = session.execute(statement, execution_options=_SET_BASED)
    return cast("CursorResult[Any]", result).rowcount


def _engine(url: URL, *, read_only: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=10,
            connect_args={"connect_timeout": 5},
        )
        if read_only:
            return engine.execution_options(
                postgresql_readonly=True, isolation_level="REPEATABLE READ"
            )
        return engine
    engine = create_engine(url, connect_args={"timeout": 15, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
