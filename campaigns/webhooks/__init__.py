"""What providers and the booking system call. Every request is signed; a bad signature is 403.

Tables: none.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the blueprint and its routes."""
    from campaigns.webhooks.blueprint import bp

    app.register_blueprint(bp)
