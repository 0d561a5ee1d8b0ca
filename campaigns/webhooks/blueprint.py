"""The webhooks blueprint: body limits and errors of what providers call.

A bad signature is 403 and leaves no trace in the database; whatever is stored, or was
stored before, is answered with 2xx; 5xx only where a repetition would help.
"""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from campaigns.core.errors import CampaignsError, InvalidInput, NotFound

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")

MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_FORM_PARTS = 200
PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
Answer = tuple[str, int, dict[str, str]]


@bp.before_request
def bound_body() -> None:
    """Refuse what is too large, or packed so that its size cannot be told, before reading it."""
    request.max_content_length = MAX_BODY_BYTES
    request.max_form_parts = MAX_FORM_PARTS
    if (request.content_length or 0) > MAX_BODY_BYTES:
        abort(413)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        abort(415)


@bp.after_request
def never_cache(response: Response) -> Response:
    """Keep answers out of caches."""
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.errorhandler(HTTPException)
def show_fault(error: HTTPException) -> Answer:
    """Answer a refused request in one line."""
    return f"{error.name}\n", error.code or 500, PLAIN


@bp.errorhandler(CampaignsError)
def show_error(error: CampaignsError) -> Answer:
    """Answer a request that cannot be used; nothing of it was stored."""
    status = 400 if isinstance(error, InvalidInput) else 404 if isinstance(error, NotFound) else 409
    return f"{error.message}\n", status, PLAIN


def stored() -> Answer:
    """Answer that the event is stored, or was before."""
    return "ok\n", 200, PLAIN


def refused() -> Answer:
    """Answer a signature that does not fit; says nothing about why."""
    return "The signature does not match.\n", 403, PLAIN
