"""The public blueprint: bounds, headers and errors of the pages that patients see."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from campaigns.web import errors

bp = Blueprint("public", __name__)

MAX_FORM_BYTES = 64 * 1024
MAX_FORM_PARTS = 100
_UNFRAMED = "frame-ancestors 'none'"


@bp.before_request
def bound_form() -> None:
    """Refuse forms that are larger than any of ours."""
    request.max_content_length = MAX_FORM_BYTES
    request.max_form_parts = MAX_FORM_PARTS


@bp.after_request
def add_headers(response: Response) -> Response:
    """Close the page to caches, frames, referrers, search engines and foreign content."""
    headers = response.headers
    headers.setdefault("Cache-Control", "no-store")
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        f"base-uri 'none'; {_UNFRAMED}",
    )
    if _UNFRAMED in headers["Content-Security-Policy"]:  # the old header knows no list of sites
        headers["X-Frame-Options"] = "DENY"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), interest-cohort=()"
    return response


@bp.errorhandler(HTTPException)
def show_fault(error: HTTPException) -> Response:
    """Answer a refused request with a plain page of ours."""
    from campaigns.public import frame

    if isinstance(error, RequestEntityTooLarge):
        return frame.faulty(413)
    return frame.not_found() if error.code == 404 else frame.faulty(error.code or 500)


@bp.app_errorhandler(404)
def show_missing(error: HTTPException) -> Any:
    """Answer an address that no route has, outside the staff's and machines' areas."""
    from campaigns.public import frame

    if request.path.startswith(("/staff", "/webhooks", "/api", "/static")):
        return errors.show(error)
    return add_headers(frame.not_found())
