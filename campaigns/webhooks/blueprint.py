"""The webhooks blueprint: body limits and errors of what providers call."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
