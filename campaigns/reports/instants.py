"""Two bits of date arithmetic that SQLite and Postgres spell differently."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from campaigns.core.db import UtcDateTime


class days_before(FunctionElement[Any]):  # noqa: N801 - reads as an SQL function
    """The instant a number of whole days before an instant in a column."""

    type = UtcDateTime()
    inherit_cache = True
    name = "days_before"

    def __init__(self, column: ColumnElement[Any], span: timedelta) -> None:
        super().__init__(column, span.days)


class utc_hour(FunctionElement[str]):  # noqa: N801 - reads as an SQL function
    """The UTC hour of an instant as text, ``2026-11-17 18``."""

    type = String()
    inherit_cache = True
    name = "utc_hour"


@compiles(days_before, "sqlite")
def _days_before_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    column, days = (compiler.process(part, **options) for part in element.clauses)
    return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-' || {days} || ' days')"


@compiles(days_before, "postgresql")
def _days_before_postgres(element: Any, compiler: Any, **options: Any) -> str:
    column, days = (compiler.process(part, **options) for part in element.clauses)
    return f"({column} - make_interval(hours => 24 * {days}))"


@compiles(utc_hour, "sqlite")
def _utc_hour_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"strftime('%Y-%m-%d %H', {compiler.process(element.clauses, **options)})"


@compiles(utc_hour, "postgresql")
def _utc_hour_postgres(element: Any, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
