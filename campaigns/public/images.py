"""Pictures in emails and on lesson pages."""

from __future__ import annotations

from flask import Response, abort

from campaigns.accounts.permissions import open_to_all
from campaigns.content import pictures
from campaigns.public.blueprint import bp
from campaigns.web import context


@bp.get("/i/<name>")
@open_to_all("mail programs load pictures without a log-in; names are random")
def image(name: str) -> Response:
    """Serve a picture; it never changes, so it may be kept."""
    with context.reading() as session:
        found = pictures.find(session, name)
    if found is None:
        abort(404)
    return Response(
        found.content,
        content_type=found.media_type,
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )
