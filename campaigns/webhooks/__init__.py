"""What providers and the booking system call. Every request is signed; a bad signature is 403.

Tables: none.
"""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask


def register(app: Flask) -> None:
    """Add the blueprint; every module of this package may hold routes."""
    from campaigns.webhooks.blueprint import bp

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    app.register_blueprint(bp)
