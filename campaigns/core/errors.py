"""The five kinds of error that the domain raises.

Each carries a stable ``code`` for programs and a ``message`` that is safe to show
to staff: what happened, what was kept, what to do. Surfaces map them once
(HTTP status, form message, exit code); the domain knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping


class CampaignsError(Exception):
    """Base of all errors that the domain raises on purpose."""

    def __init__(self, code: str, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields: dict[str, str] = dict(fields or {})


class InvalidInput(CampaignsError):
    """What was given cannot be used; ``fields`` names each faulty field with its remedy."""


class NotFound(CampaignsError):
    """What was asked for does not exist, or is not visible to the one who asks."""


class Conflict(CampaignsError):
    """The state does not allow this step, for example resuming a cancelled broadcast."""


class NotPermitted(CampaignsError):
    """The person's role, or a rule of consent and privacy, forbids this."""


class NotConfigured(CampaignsError):
    """A setting that this step needs is missing; the message names it."""
