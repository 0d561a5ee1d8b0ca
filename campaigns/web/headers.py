"""The headers of every answer: nothing foreign is loaded, framed, cached or told on."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from campaigns.web import context
from campaigns.web.sessions import is_staff_path

_YEAR = 365 * 24 * 3600
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def style_nonce() -> str:
    """Return this request's nonce for the style sheets that the rich-text editor makes."""
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    nonce: str = g.style_nonce
    return nonce


def add(response: Response) -> Response:
    """Add the headers that a view has not set itself."""
    headers = response.headers
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _policy()
        headers.setdefault("X-Frame-Options", "DENY")
    if is_staff_path(request.path):
        headers["Cache-Control"] = "no-store"
        headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    elif request.path.startswith("/static/"):
        lasting = "public, max-age=31536000, immutable"
        headers["Cache-Control"] = lasting if "v" in request.args else "public, max-age=300"
    if context.services().public_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
    return response


def _policy() -> str:
    style = f" 'nonce-{g.style_nonce}'" if "style_nonce" in g else ""
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self'{style}; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def register(app: Flask) -> None:
    """Add the headers to every answer."""
    app.after_request(add)
    app.jinja_env.globals["style_nonce"] = style_nonce
