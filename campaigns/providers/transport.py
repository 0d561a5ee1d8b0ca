"""The one HTTP client under both vendor SDKs: pooled, no retries, no redirects, no proxies.

It tells apart what matters to delivery: the request never left (``NotSent``), it left and
no answer can be read (``Lost``), or there is a reply. The line between the first two is the
first byte handed to the socket, so the deadline is checked exactly there, after any
connect and handshake. Proxies named in the environment are ignored on purpose.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, LocationValueError

from campaigns.delivery.ports import Deadline

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
TOTAL_SECONDS = 45.0
MAX_REPLY_BYTES = 8 * 1024 * 1024


class NotSent(Exception):
    """No byte of the request left this machine; ``code`` says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Lost(Exception):
    """The request left, wholly or in part, and no answer could be read."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``complete`` is False when the body broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True


class _Crossing(threading.local):
    """What the connection of this thread may do, and whether it has begun to write."""

    deadline: float | None = None
    wrote: bool = False


_crossing = _Crossing()


class _DeadlinePassed(Exception):
    pass


def _cross() -> None:
    if not _crossing.wrote:
        if _crossing.deadline is not None and time.monotonic() >= _crossing.deadline:
            raise _DeadlinePassed
        _crossing.wrote = True


class _Held:
    """Holds a request back until all of it is there: then head and body leave in one write."""

    sock: Any
    connect: Callable[[], None]
    held: bytes = b""

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.held += data

    def getresponse(self) -> Any:
        request, self.held = self.held, b""
        _cross()
        # Whoever closes early may have answered first: that answer is read.
        with suppress(BrokenPipeError):
            self.sock.sendall(request)
        return super().getresponse()  # type: ignore[misc]

    def close(self) -> None:
        self.held = b""
        super().close()  # type: ignore[misc]


class _GuardedHTTP(_Held, HTTPConnection):
    pass


class _GuardedHTTPS(_Held, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPS


class Transport:
    """Sends one request and returns its one reply; safe to share between threads."""

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = 64,
    ) -> None:
        self._timeout = urllib3.Timeout(
            connect=connect_seconds, read=read_seconds, total=TOTAL_SECONDS
        )
        self._read_seconds = read_seconds
        self._pools = urllib3.PoolManager(num_pools=4, maxsize=connections, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        self._by_origin: dict[str, urllib3.HTTPConnectionPool] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        deadline: Deadline | None = None,
    ) -> Reply:
        """Send once.

        Raises: NotSent when nothing left; Lost when something did and no answer came.
        """
        _crossing.deadline = deadline.monotonic if deadline else None
        _crossing.wrote = False
        try:
            pool, target = self._pool(url)
            response = pool.urlopen(
                method,
                target,
                body=body,
                headers=dict(headers),
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout,
                preload_content=False,
                decode_content=True,
            )
        except _DeadlinePassed as error:
            raise NotSent("deadline", "The time to send had passed.") from error
        except LocationValueError as error:
            raise NotSent("bad_url", str(error)) from error
        except (HTTPError, OSError, ValueError) as error:
            if not _crossing.wrote:
                raise NotSent("connect_failed", _describe(error)) from error
            raise Lost(_describe(error)) from error
        return self._read(response)

    def close(self) -> None:
        """Close the pooled connections."""
        self._by_origin.clear()
        self._pools.clear()

    def _pool(self, url: str) -> tuple[urllib3.HTTPConnectionPool, str]:
        """Return the pool of an address, kept by its origin, and the target to ask there for."""
        origin, slash, rest = url.partition("://")[2].partition("/")
        origin = url[: len(url) - len(rest) - len(slash)] if slash else url
        found = self._by_origin.get(origin)
        if found is None:
            found = self._by_origin[origin] = self._pools.connection_from_url(origin)
        return found, f"/{rest}"

    def _read(self, response: urllib3.BaseHTTPResponse) -> Reply:
        stop_at = time.monotonic() + self._read_seconds
        parts: list[bytes] = []
        size = 0
        complete = True
        try:
            while chunk := response.read(65536):
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_REPLY_BYTES or time.monotonic() > stop_at:
                    complete = False
                    break
        except (HTTPError, OSError):
            complete = False
        if complete:
            response.release_conn()
        else:
            response.close()
        return Reply(response.status, response.headers, b"".join(parts), complete)


def _describe(error: Exception) -> str:
    """Say what went wrong without the address that is in most urllib3 messages."""
    cause: BaseException = getattr(error, "reason", None) or error
    if not isinstance(cause, BaseException):
        cause = error
    inner = cause.__cause__ or cause
    name = type(cause).__name__
    text = str(inner).rpartition(": ")[2] or type(inner).__name__
    return f"{name}: {text}"[:200]
