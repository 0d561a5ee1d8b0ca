"""What a refused or failed request gets: words, never a traceback."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException

from campaigns.web.sessions import is_staff_path

PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
WORDS: dict[int, tuple[str, str]] = {
    400: (
        "That did not work",
        "The request could not be understood, so nothing was changed. Go back and try again.",
    ),
    403: ("This is not open to you", "Your role does not include this. An owner can change roles."),
    404: (
        "Not found",
        "There is nothing at this address. It may have been removed, or the link is incomplete.",
    ),
    405: ("That did not work", "This address cannot be used in this way. Nothing was changed."),
    409: (
        "That is not possible now",
        "Somebody changed this meanwhile. Nothing was changed; reload the page.",
    ),
    413: (
        "That is too large",
        (
            "The file or text is larger than this service accepts. Nothing was changed. "
            "Split it and try again."
        ),
    ),
    429: ("Too many tries", "Wait a minute and try again. Nothing was changed."),
    500: (
        "Something went wrong here",
        (
            "This is our fault and has been noted. What was saved before is still there. "
            "Go back and try again, and tell whoever runs this service if it stays."
        ),
    ),
}


def show(error: HTTPException) -> Any:
    """Answer an HTTP error in words: a page for people, a line for programs and htmx."""
    status = error.code or 500
    if status < 400:
        return error
    title, text = WORDS.get(status, WORDS[400])
    wants_line = request.headers.get("HX-Request") == "true"
    if wants_line or not is_staff_path(request.path):
        return f"{text}\n", status, PLAIN
    page = render_template(
        "staff/errors/error.html", title=title, message=text, details={}, typed=False
    )
    return page, status


def fail(_error: Exception) -> Any:
    """Answer an unexpected failure; needs no database, which may be what failed."""
    title, text = WORDS[500]
    if request.headers.get("HX-Request") == "true":
        return f"{text}\n", 500, PLAIN
    return render_template("errors/failed.html", title=title, message=text), 500


def register(app: Flask) -> None:
    """Register the handlers that apply where a blueprint has none of its own."""
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(500, fail)
