"""Home: what needs you, what goes out, how it went."""

from __future__ import annotations

from flask import render_template

from campaigns.accounts.permissions import Permission, requires
from campaigns.staff.blueprint import bp


@bp.get("/")
@requires(Permission.SIGNED_IN)
def home() -> str:
    """Show the three bands."""
    return render_template("staff/home/home.html")
