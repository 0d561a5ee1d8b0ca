"""Structured logs with addresses masked: ids in, people out.

One JSON object per line on standard error. Whatever looks like an email address or a
phone number in any value is masked before it is written, tracebacks included, because a
log is read by more people than the database is.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,255}")
_PHONE = re.compile(r"(?<![\w.:-])\+?1?[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}(?![\w:-])")
_MASKABLE = re.compile(r"@|\d{3}[ .-]?\d{4}")
"""What no address and no phone number is without: most texts have neither."""


def mask(text: str) -> str:
    """Replace email addresses and North American phone numbers in a text."""
    if not _MASKABLE.search(text):
        return text
    return _PHONE.sub("[phone]", _EMAIL.sub("[email]", text))


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _mask_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_value(item) for item in value]
    return value


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    return {key: _mask_value(value) for key, value in event.items()}


def configure(*, level: str = "INFO", plain: bool = False) -> None:
    """Set up logging for the process; ``plain`` writes for a person's eyes instead of JSON."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if plain
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _mask_event,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("alembic", "urllib3", "twilio", "werkzeug", "granian"):
        logging.getLogger(noisy).setLevel("WARNING")
    # A tick that comes while the one before still works is left out: that is meant.
    logging.getLogger("apscheduler").setLevel("ERROR")


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module: ``log = logs.get(__name__)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
