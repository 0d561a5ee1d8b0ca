"""The web application: blueprints, headers, and the rule that every route names its access."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, redirect
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response

from campaigns import public, staff, web, webhooks
from campaigns.accounts.permissions import Permission, access_of, open_to_all
from campaigns.wiring import Services

ROOT = Path(__file__).resolve().parents[1]
MAX_BODY_BYTES = 32 * 1024 * 1024


def create_app(services: Services) -> Flask:
    """Make the application for these services.

    Raises: RuntimeError when a route carries no access rule (a programming mistake).
    """
    app = Flask(
        "campaigns",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["campaigns"] = services
    web.register(app)
    public.register(app)
    webhooks.register(app)
    staff.register(app)

    @app.get("/")
    @open_to_all("leads staff to their home")
    def index() -> Response:
        return redirect("/staff/")

    require_access_rules(app)
    return app


def require_access_rules(app: Flask) -> None:
    """Refuse an application that has a route without an access rule.

    Staff routes need a Permission; all others need a stated reason for being open.
    Static files are exempt: they hold nothing but our own code and style.
    """
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        mark = access_of(app.view_functions[rule.endpoint])
        if mark is None:
            raise RuntimeError(f"route {rule.rule} ({rule.endpoint}) has no access rule")
        guarded = rule.rule.startswith("/staff/") and rule.endpoint not in staff.OPEN_ENDPOINTS
        if guarded and not isinstance(mark, Permission):
            raise RuntimeError(f"staff route {rule.rule} ({rule.endpoint}) is open to all")
