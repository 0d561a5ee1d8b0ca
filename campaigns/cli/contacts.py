"""``campaigns contacts``: people in from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from campaigns.cli.context import reports_errors, services
from campaigns.consent import scans
from campaigns.core.actors import Actor, ActorKind
from campaigns.core.errors import InvalidInput
from campaigns.imports import cells, columns, files, remarks, runner, tallies
from campaigns.imports.attestations import KINDS, METHODS
from campaigns.imports.forecast import forecast
from campaigns.imports.lines import HOLDS
from campaigns.imports.models import Import, ImportState
from campaigns.wiring import Services

ACTOR = Actor(kind=ActorKind.STAFF, name="command line")
ATTESTATION_KEYS = (
    *("form", "method", "first_day", "last_day", "words", "kept", "everybody"),
    *("per_month", "scan", "by"),
)
CONSENT_KEYS = ("method", "date", "wording", "statement")


@click.group()
def contacts() -> None:
    """People on the list."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    metavar="MEANING=COLUMN",
    help="What a column means, where its name does not say so: --mapping email='E-mail 1'. "
    f"Meanings: {', '.join(columns.BY_CODE)}.",
)
@click.option(
    "--attestation",
    "attested",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Vouch for lines without proof of their own: a JSON file (one object, or a list) with "
    "form, method, first_day, last_day, words (by email, sms, topic), kept, everybody: true, and "
    "perhaps per_month, scan (a file beside it) and by. See docs/importing.md.",
)
@click.option(
    "--consent",
    "consents",
    multiple=True,
    metavar="KIND:KEY=VALUE,…",
    help="The same in short, for one kind and one day: "
    "--consent 'email:method=paper_form,date=2026-05-01,wording=@words.txt,statement=Binder at "
    f"the front desk'. Kinds: {', '.join(KINDS)}. Methods: {', '.join(METHODS)}.",
)
@click.option(
    "--dates",
    "date_order",
    type=click.Choice(cells.ORDERS),
    help="How the file writes dates, where it does not tell: mdy (12/31/2025) or dmy.",
)
@click.option(
    "--holds",
    type=click.Choice([*HOLDS, "nothing"]),
    help="What everybody in the file is, where its name says so and its columns do not.",
)
@click.option("--fill-only", is_flag=True, help="Never change a value that is on file.")
@click.option(
    "--start-series", is_flag=True, help="Let these people enter series at once (default: no)."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and import nobody.")
@click.option(
    "--remarks",
    "remarks_to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the lines that need mending to this file.",
)
@reports_errors
def import_people(
    file: Path,
    as_json: bool,
    mappings: tuple[str, ...],
    attested: tuple[Path, ...],
    consents: tuple[str, ...],
    date_order: str | None,
    holds: str | None,
    fill_only: bool,
    start_series: bool,
    dry_run: bool,
    remarks_to: Path | None,
) -> None:
    """Import people from a CSV file; nobody is written to because of it, but by --start-series."""
    built = services()
    attestations = [given for path in attested for given in _from_file(built, path)]
    attestations += [_attestation(text) for text in consents]
    import_id = _receive(
        built,
        file,
        mappings,
        attestations,
        date_order=date_order,
        holds="" if holds == "nothing" else holds,
        fill_only=fill_only,
        start_drips=start_series,
    )
    if dry_run:
        figures = _forecast(built, import_id)
    else:
        with built.db.transaction() as session:
            files.start(session, ACTOR, import_id, now=built.clock.now())
        runner.run(built.db, import_id, built.clock)
        with built.db.reading() as session:
            figures = summary(files.get(session, import_id))
            if remarks_to is not None:
                remarks_to.write_text("".join(remarks.write_csv(session, import_id)), "utf-8")
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        click.echo(f"{name}: {value}")


def summary(found: Import) -> dict[str, Any]:
    """Return the figures of an import that has ended."""
    return {
        "import_id": found.id,
        "state": str(ImportState(found.state)),
        "lines": found.rows_done,
        "created": found.created,
        "updated": found.updated,
        "unchanged": found.unchanged,
        "refused": found.refused,
        **found.tally,
        "consent": tallies.of_consent(found.tally),
    }


def _receive(
    built: Services,
    file: Path,
    mappings: tuple[str, ...],
    attestations: list[dict[str, Any]],
    *,
    date_order: str | None,
    holds: str | None,
    fill_only: bool,
    start_drips: bool,
) -> int:
    with built.db.transaction() as session:
        found = files.receive(
            session, ACTOR, filename=file.name, content=file.read_bytes(), now=built.clock.now()
        )
        chosen = dict(found.mapping)
        for text in mappings:
            code, _, column = text.partition("=")
            if code.strip() not in columns.BY_CODE or not column.strip():
                raise InvalidInput(
                    "mapping_invalid", f"“{text}” is not MEANING=COLUMN with a known meaning."
                )
            single = not columns.BY_CODE[code.strip()].many
            chosen = {n: "" if single and c == code.strip() else c for n, c in chosen.items()}
            chosen[column.strip()] = code.strip()
        files.set_mapping(session, found.id, chosen, date_order=date_order, holds=holds)
        files.require_date_order(found)
        files.set_options(
            session,
            found.id,
            ACTOR,
            fill_only=fill_only,
            start_drips=start_drips,
            attestations=attestations,
            now=built.clock.now(),
        )
        return found.id


def _forecast(built: Services, import_id: int) -> dict[str, Any]:
    with built.db.reading() as session:
        result = forecast(session, import_id, now=built.clock.now())
    with built.db.transaction() as session:
        files.discard(session, ACTOR, import_id, now=built.clock.now())
    outcomes = {name: result.outcomes[name] for name in ("created", "updated", "unchanged")}
    return {
        "state": "dry-run",
        "lines": result.lines,
        **outcomes,
        "refused": result.outcomes["refused"],
        **result.tally,
        "consent": tallies.of_consent(result.tally),
    }


def _from_file(built: Services, path: Path) -> list[dict[str, Any]]:
    """Read attestations from JSON; a scan named there is sealed and kept."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (ValueError, UnicodeDecodeError) as fault:
        raise InvalidInput(
            "attestation_unreadable", f"{path} is not JSON ({fault}). Nothing was imported."
        ) from fault
    found = raw if isinstance(raw, list) else [raw]
    for given in found:
        if not isinstance(given, dict) or not isinstance(given.get("words", {}), dict):
            raise InvalidInput(
                "attestation_unreadable",
                f"{path} must hold an object with “words” by kind, or a list of such objects. "
                "Nothing was imported.",
            )
        if unknown := sorted(set(given) - set(ATTESTATION_KEYS)):
            raise InvalidInput(
                "attestation_unreadable",
                f"{path} has {', '.join(unknown)}, which is not known. Known are: "
                f"{', '.join(ATTESTATION_KEYS)}. Nothing was imported.",
            )
        if given.get("scan"):
            _keep_scan(built, given, path.parent / str(given["scan"]))
    return found


def _keep_scan(built: Services, given: dict[str, Any], path: Path) -> None:
    if not path.is_file():
        raise InvalidInput("scan_missing", f"The scan {path} is not there. Nothing was imported.")
    store = scans.Store(built.settings.data_dir / scans.FOLDER, built.keys)
    stored = store.put(path.read_bytes(), filename=path.name)
    with built.db.transaction() as session:
        row = scans.record(session, ACTOR, stored, now=built.clock.now())
        given["scan"], given["scan_id"] = row.sha256, row.id


def _attestation(text: str) -> dict[str, Any]:
    """Read ``email:method=…,date=…,wording=…,statement=…``; a wording may be ``@file``."""
    kind, _, rest = text.partition(":")
    values: dict[str, str] = {}
    last = ""
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        if equals and key.strip() in CONSENT_KEYS:
            last = key.strip()
            values[last] = value.strip()
        elif last:  # a comma inside the words
            values[last] += f",{part}"
        else:
            raise InvalidInput(
                "consent_invalid",
                f"“{text}” is not KIND:KEY=VALUE,… with the keys {', '.join(CONSENT_KEYS)}.",
            )
    wording = values.get("wording", "")
    if wording.startswith("@"):
        wording = Path(wording[1:]).read_text("utf-8").strip()
    moment = cells.read_moment(values.get("date", ""))
    day = None if moment is None else moment.date()
    statement = values.get("statement", "")
    return {
        "form": statement,
        "method": values.get("method", ""),
        "first_day": day,
        "last_day": day,
        "words": {kind.strip(): wording},
        "kept": statement,
        "everybody": True,
    }
