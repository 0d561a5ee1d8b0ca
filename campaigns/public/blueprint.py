"""The public blueprint: headers and errors of the pages that patients see."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("public", __name__)
