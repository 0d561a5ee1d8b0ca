"""The staff's web pages, behind a log-in. One module for each screen.

Tables: none.
"""

from __future__ import annotations

import importlib
import pkgutil

from flask import Flask

OPEN_ENDPOINTS = frozenset(
    {"staff.log_in", "staff.second_step", "staff.set_up", "staff.choose_password"}
)
"""Staff pages that must be reachable without a log-in."""


def register(app: Flask) -> None:
    """Add the blueprint; every module of this package may hold routes."""
    from campaigns.staff.blueprint import bp

    if not bp._got_registered_once:
        for module in pkgutil.iter_modules(__path__):
            importlib.import_module(f"{__name__}.{module.name}")
    app.register_blueprint(bp)
