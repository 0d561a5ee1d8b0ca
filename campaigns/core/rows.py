"""Rows handed to SQL as one JSON parameter: a table for joins, without a parameter each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from campaigns.core.db import UtcDateTime, is_sqlite

_POSTGRES = {
    "BigInteger": "bigint",
    "Integer": "integer",
    "String": "text",
    "Boolean": "boolean",
    "UtcDateTime": "timestamptz",
    "JSON": "jsonb",
}


def table(
    session: Session,
    name: str,
    columns: Mapping[str, TypeEngine[Any]],
    values: Iterable[Sequence[Any]],
) -> Any:
    """Return a subquery of the given rows; values are numbers, texts, instants or None.

    Under a column of type ``JSON`` a value is whatever JSON can hold.
    """
    parameter = f"{name}_rows"
    sqlite_form = is_sqlite(session)
    payload: Any
    if sqlite_form:
        instants = [at for at, kind in enumerate(columns.values()) if isinstance(kind, UtcDateTime)]
        payload = [list(row) for row in values]
        for row in payload:
            for at in instants:
                if row[at] is not None:
                    row[at] = moment(row[at], sqlite_form=True)
        shown = ", ".join(
            f"json_extract(value, '$[{number}]') AS {column}"
            for number, column in enumerate(columns)
        )
        source = f"SELECT {shown} FROM json_each(:{parameter})"  # noqa: S608  # names of our own
    else:
        payload = [dict(zip(columns, row, strict=True)) for row in values]
        types = ", ".join(
            f"{column} {_POSTGRES[type(kind).__name__]}" for column, kind in columns.items()
        )
        source = f"SELECT * FROM jsonb_to_recordset(CAST(:{parameter} AS jsonb)) AS r({types})"  # noqa: S608
    return (
        text(source)
        .bindparams(**{parameter: msgspec.json.encode(payload).decode()})
        .columns(**columns)
        .subquery(name)
    )


@lru_cache(maxsize=4096)
def moment(at: datetime, *, sqlite_form: bool) -> str:
    """Write an instant in UTC as the database compares it."""
    return at.isoformat(" ", "microseconds")[:26] if sqlite_form else at.isoformat()
