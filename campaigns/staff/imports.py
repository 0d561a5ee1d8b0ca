"""Importing people: upload, columns, consent, check, run, result."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.accounts import audit
from campaigns.accounts.permissions import Permission, requires
from campaigns.core.errors import InvalidInput, NotFound
from campaigns.imports import asking, columns, dates, files, remarks, tallies, undo
from campaigns.imports.forecast import forecast
from campaigns.imports.models import Import, ImportState
from campaigns.staff.blueprint import actor, bp, notify
from campaigns.web import context

STEPS = (
    ("staff.import_columns", "Columns"),
    ("staff.import_consent", "Consent"),
    ("staff.import_check", "Check"),
)
NOT_STARTED = (ImportState.UPLOADED, ImportState.READY)
_HOLDINGS = (
    ("", "People of several kinds, or all subscribed"),
    ("unsubscribed", "Only people who unsubscribed"),
    ("cleaned", "Only emails that did not arrive (cleaned, bounced)"),
    ("nonsubscribed", "Only people who never subscribed"),
)
_ASK_CHUNKS = 20
"""At most so many transactions for one press of the button."""
_UNDER_WAY = (ImportState.RUNNING, ImportState.UNDOING)


@bp.get("/people/import/")
@requires(Permission.IMPORT)
def imports() -> str:
    """Offer the upload, and show what was imported before."""
    return _upload_page()


@bp.post("/people/import/")
@requires(Permission.IMPORT)
def upload_import() -> Any:
    """Take a file in; nobody is imported yet."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise InvalidInput("file_missing", "Choose a file first.")
        content = sent.read()
        with context.transaction() as session:
            found = files.receive(
                session, actor(), filename=sent.filename, content=content, now=context.now()
            )
    except InvalidInput as fault:
        return _upload_page(fault.message), 422
    return redirect(url_for("staff.import_columns", import_id=found.id), 303)


def _upload_page(error: str | None = None) -> str:
    with context.reading() as session:
        recent = files.list_recent(session)
    return render_template(
        "staff/imports/upload.html", recent=recent, error=error, not_started=NOT_STARTED
    )


@bp.route("/people/import/<int:import_id>/columns", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def import_columns(import_id: int) -> Any:
    """Say what each column means."""
    error, status = None, 200
    with context.reading() as session:
        found = with_content(session, import_id)
        if found is None:
            return redirect(url_for("staff.show_import", import_id=import_id), 303)
        sample = files.preview(session, found)
        earlier = files.same_file(session, found)
    mapping = dict(found.mapping)
    holds = found.options.get("holds", "")
    order = found.options.get("date_order", "")
    survey = files.dates_of(found)
    if request.method == "POST":
        mapping = {name: request.form.get(f"column-{n}", "") for n, name in enumerate(found.header)}
        holds, order = request.form.get("holds", ""), request.form.get("date_order", "")
        try:
            with context.transaction() as session:
                changed = files.set_mapping(
                    session, import_id, mapping, date_order=order, holds=holds
                )
                survey = files.dates_of(changed)
            files.require_date_order(changed)
            return redirect(url_for("staff.import_consent", import_id=import_id), 303)
        except InvalidInput as fault:
            error, status = fault.message, 422
    page = render_template(
        "staff/imports/columns.html",
        found=found,
        mapping=mapping,
        sample=sample,
        earlier=earlier,
        meanings=_meanings(),
        error=error,
        survey=survey,
        question=dates.question(survey) if survey.asks else None,
        order=order,
        orders=[("", "Choose"), *dates.WORDS.items()],
        holds=holds,
        holdings=_HOLDINGS,
        steps=STEPS,
    )
    return page, status


@bp.get("/people/import/<int:import_id>/check")
@requires(Permission.IMPORT)
def import_check(import_id: int) -> Any:
    """Show what the import would do."""
    with context.reading() as session:
        found = with_content(session, import_id)
        if found is None:
            return redirect(url_for("staff.show_import", import_id=import_id), 303)
        try:
            columns.checked(found.mapping, found.header)
            files.require_date_order(found)
        except InvalidInput as fault:
            notify(fault.message, "red")
            return redirect(url_for("staff.import_columns", import_id=import_id), 303)
        result = forecast(session, import_id, now=context.now())
    return render_template(
        "staff/imports/check.html",
        found=found,
        result=result,
        figures=tallies.sentences(result.tally),
        attestations=files.attestations_of(found),
        steps=STEPS,
    )


@bp.get("/people/import/<int:import_id>")
@requires(Permission.IMPORT)
def show_import(import_id: int) -> Any:
    """Show an import as it runs, or what became of it."""
    with context.reading() as session:
        found = files.get(session, import_id)
        if found.state in NOT_STARTED:
            return redirect(url_for("staff.import_columns", import_id=import_id), 303)
        values = _result(session, found)
    return render_template("staff/imports/result.html", **values)


@bp.get("/people/import/<int:import_id>/progress")
@requires(Permission.IMPORT)
def import_progress(import_id: int) -> Any:
    """Show how far an import is; asked for every second while it runs."""
    with context.reading() as session:
        found = files.get(session, import_id)
        values = _result(session, found)
    return render_template("staff/imports/_result.html", **values)


def _result(session: Session, found: Import) -> dict[str, Any]:
    under_way = found.state in _UNDER_WAY
    refused, remarked = remarks.count(session, found.id)
    ended = found.state in (ImportState.DONE, ImportState.FAILED)
    return {
        "found": found,
        "figures": tallies.sentences(found.tally),
        "attestations": files.attestations_of(found),
        "refused": refused,
        "remarked": remarked,
        "rows": [] if under_way else remarks.first(session, found.id),
        "askable": asking.askable(session, found.id, now=context.now()) if ended else 0,
        "removable": undo.removable(session, found.id) if ended else 0,
        "under_way": under_way,
    }


@bp.post("/people/import/<int:import_id>/start")
@requires(Permission.IMPORT)
def start_import(import_id: int) -> Response:
    """Let an import run, or go on; the worker does it while staff do other things."""
    with context.transaction() as session:
        files.start(session, actor(), import_id, now=context.now())
    notify("The import runs. You can leave this page; it goes on.", "blue")
    return redirect(url_for("staff.show_import", import_id=import_id), 303)


@bp.post("/people/import/<int:import_id>/stop")
@requires(Permission.IMPORT)
def stop_import(import_id: int) -> Response:
    """Stop an import; what was read is kept, and it can go on."""
    with context.transaction() as session:
        files.stop(session, actor(), import_id, now=context.now())
    return redirect(url_for("staff.show_import", import_id=import_id), 303)


@bp.post("/people/import/<int:import_id>/ask")
@requires(Permission.IMPORT)
def ask_imported(import_id: int) -> Response:
    """Send the one request to confirm to everybody of an import who has given no proof."""
    asked = 0
    for _ in range(_ASK_CHUNKS):
        with context.transaction() as session:
            files.get(session, import_id)
            more = asking.ask(session, import_id, now=context.now())
        asked += more
        if not more:
            break
    with context.transaction() as session:
        audit.append(
            session,
            actor(),
            "import.asked",
            subject_kind="import",
            subject_id=import_id,
            now=context.now(),
            people=asked,
        )
    emails = "1 email goes" if asked == 1 else f"{asked:,} emails go"
    notify(f"{emails} out. Nothing else is sent before the answer.")
    return redirect(url_for("staff.show_import", import_id=import_id), 303)


@bp.post("/people/import/<int:import_id>/undo")
@requires(Permission.IMPORT)
def undo_import(import_id: int) -> Response:
    """Take an import back."""
    with context.transaction() as session:
        undo.request(session, actor(), import_id, now=context.now())
    notify("The import is being taken back.", "blue")
    return redirect(url_for("staff.show_import", import_id=import_id), 303)


@bp.post("/people/import/<int:import_id>/discard")
@requires(Permission.IMPORT)
def discard_import(import_id: int) -> Response:
    """Throw a file away that was not started."""
    with context.transaction() as session:
        files.discard(session, actor(), import_id, now=context.now())
    notify("The file was thrown away. Nobody was imported.")
    return redirect(url_for("staff.imports"), 303)


@bp.get("/people/import/<int:import_id>/remarks.csv")
@requires(Permission.IMPORT)
def import_remarks(import_id: int) -> FlaskResponse:
    """Give the lines that need mending as a file."""
    with context.reading() as session:
        found = files.get(session, import_id)
        body = "".join(remarks.write_csv(session, import_id))
    with context.transaction() as session:
        audit.append(
            session,
            actor(),
            "import.remarks_downloaded",
            subject_kind="import",
            subject_id=import_id,
            now=context.now(),
        )
    answer = FlaskResponse(body, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="import-{found.id}-to-mend.csv"'
    return answer


def with_content(session: Session, import_id: int) -> Import | None:
    """Return a file that is not started yet, with its content; None for any other."""
    found = session.get(Import, import_id)
    if found is None:
        raise NotFound("import_unknown", "There is no such import.")
    return found if found.state in NOT_STARTED else None


def _meanings() -> list[tuple[str, list[columns.Meaning]]]:
    areas: dict[str, list[columns.Meaning]] = {}
    for meaning in columns.MEANINGS:
        areas.setdefault(meaning.area, []).append(meaning)
    return list(areas.items())
