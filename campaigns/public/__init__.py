"""The pages that patients see: sign-up, confirm, unsubscribe, preferences, links, lessons.

No log-in, no cookies, no third-party anything, works without JavaScript; GET changes
nothing. Tables: none.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the blueprint and its pages."""
    from campaigns.public.blueprint import bp

    app.register_blueprint(bp)
