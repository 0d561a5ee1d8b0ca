"""Is this really from SendGrid, from Twilio? Anything but a plain yes is a no.

Verification covers the raw body, and for Twilio the configured public address: what the
request claims about its host or protocol is never used.
"""

from __future__ import annotations

import binascii
import hashlib
import logging
from collections.abc import Sequence

from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator, get_signature_algorithm

_LONGEST_SIGNATURE = 512
# The SDK logs an unknown algorithm as a warning with the header's text in it.
logging.getLogger("twilio.request_validator").setLevel(logging.ERROR)


class SendGridVerifier:
    """Checks the ECDSA signature of SendGrid's event webhook."""

    def __init__(self, public_key: str) -> None:
        """Take the base64 key that SendGrid shows.

        Raises: ValueError when it is not a key.
        """
        self._webhook = EventWebhook(public_key.strip())

    def accepts(self, body: bytes, *, signature: str | None, timestamp: str | None) -> bool:
        """Tell whether the signature covers exactly this timestamp and body."""
        if not signature or not timestamp:
            return False
        if len(signature) > _LONGEST_SIGNATURE or not timestamp.isdigit() or len(timestamp) > 16:
            return False
        try:
            text = body.decode("utf-8")
            verdict = self._webhook.verify_signature(text, signature, timestamp)
        except (UnicodeError, binascii.Error, ValueError, TypeError):
            return False
        return verdict is True


class TwilioVerifier:
    """Checks Twilio's signature of a form."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def accepts(
        self,
        url: str,
        pairs: Sequence[tuple[str, str]],
        *,
        signature: str | None,
        settings: str | None = None,
    ) -> bool:
        """Tell whether the signature covers this address and form.

        ``url`` is our own configured one; ``settings`` is the header that names the
        algorithm, where Twilio sends it.
        """
        if not signature or len(signature) > _LONGEST_SIGNATURE or not signature.isascii():
            return False
        form = dict(pairs)
        if len(form) != len(pairs):  # Twilio sends no name twice; whoever does plays tricks
            return False
        try:
            verdict = self._validator.validate(
                url, form, signature, algorithm=get_signature_algorithm(settings)
            )
        except (ValueError, TypeError, AttributeError):
            return False
        return verdict is True


def digest_of(signature: str) -> str:
    """Return what is kept of a signature, to know it again."""
    return hashlib.sha256(signature.encode()).hexdigest()
