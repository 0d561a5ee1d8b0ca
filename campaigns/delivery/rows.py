"""Rows handed to SQL as one JSON parameter: a table for joins, without a parameter each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from campaigns.core.db import is_sqlite

_POSTGRES = {"BigInteger": "bigint", "Integer": "integer", "String": "text"}


def table(
    session: Session,
    name: str,
    columns: Mapping[str, TypeEngine[Any]],
    values: Iterable[Sequence[Any]],
) -> Any:
    """Return a subquery of the given rows; values are numbers, texts or None."""
    parameter = f"{name}_rows"
    if is_sqlite(session):
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
        .bindparams(**{parameter: json.dumps(payload)})
        .columns(**columns)
        .subquery(name)
    )
