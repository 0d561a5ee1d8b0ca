"""The pages that patients see: sign-up, confirm, unsubscribe, preferences, links, lessons.

No log-in, no cookies, no third-party anything, works without JavaScript; GET changes
nothing but the count of clicks. Tables: none of its own (sign-up limits and preference
codes lie in consent).
"""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask


def register(app: Flask) -> None:
    """Add the blueprint; every module of this package may hold routes."""
    from campaigns.public.blueprint import bp

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    app.register_blueprint(bp)
