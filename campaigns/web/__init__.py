"""What all web surfaces share: services of the request, sessions, headers, errors, health.

Tables: none.
"""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Give the application its sessions, headers, filters and error pages."""
    from campaigns.web import callers, errors, headers, health, hosts, sessions, templating

    callers.register(app)
    app.session_interface = sessions.StaffSessions()
    templating.register(app)
    hosts.register(app)
    headers.register(app)
    errors.register(app)
    health.register(app)
