"""Whose connection a request came over, where proxies of our own stand in between.

Only the caller's IP is taken from what they report, as far back as the setting counts
them. Host and scheme never are: links and signatures use the configured address.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from campaigns.wiring import Services


def register(app: Flask) -> None:
    """Believe as many entries of X-Forwarded-For as there are trusted proxies; none by default."""
    services: Services = app.extensions["campaigns"]
    count = services.settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
