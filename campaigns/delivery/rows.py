"""Rows handed to SQL as one JSON parameter: a table for joins, without a parameter each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from campaigns.core.db import is_sqlite

_POSTGRES = {
    "BigInteger": "bigint",
    "Integer": "integer",
    "String": "text",
    "Boolean": "boolean",
    "UtcDateTime": "timestamptz",
}


def table(
    session: Session,
    name: str,
    columns: Mapping[str, TypeEngine[Any]],
    values: Iterable[Sequence[Any]],
) -> Any:
    """Return a subquery of the given rows; values are numbers, texts, instants or None."""
    parameter = f"{name}_rows"
    sqlite_form = is_sqlite(session)

    def written(value: Any) -> str:
        return moment(value, sqlite_form=sqlite_form)

    if sqlite_form:
        payload: Any = [list(row) for row in values]
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
        .bindparams(**{parameter: json.dumps(payload, default=written)})
        .columns(**columns)
        .subquery(name)
    )


def moment(at: datetime, *, sqlite_form: bool) -> str:
    """Write an instant in UTC as the database compares it."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite_form else at.isoformat()
