"""Providers that only accept, as fast as this machine can: each in a process of its own.

The strict stand-ins of ``campaigns.providers.standins`` check and keep every message,
which costs more than sending it. These count, so that the figures are the sender's.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from typing import Any

_context = multiprocessing.get_context("fork")
_PERSON = b'"to":['


@dataclass(frozen=True, slots=True)
class Sink:
    """Where it listens, and how much it has taken."""

    port: int
    _taken: Synchronized[int]

    @property
    def taken(self) -> int:
        """Messages accepted so far."""
        return int(self._taken.value)

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def opened(kind: str) -> Iterator[Sink]:
    """Start a sink: ``sendgrid``, ``twilio`` or ``smtp``."""
    taken = _context.Value("q", 0)
    ready, tell = _context.Pipe(duplex=False)
    child = _context.Process(target=_serve, args=(kind, taken, tell), daemon=True)
    child.start()
    port = ready.recv()
    try:
        yield Sink(port, taken)
    finally:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()


def _serve(kind: str, taken: Any, tell: Any) -> None:
    async def run() -> None:
        handlers = {"sendgrid": _sendgrid, "twilio": _twilio, "smtp": _smtp}

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handlers[kind](reader, writer, taken)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=2**25, backlog=256)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return await reader.readexactly(length)


async def _sendgrid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, taken: Any) -> None:
    while True:
        body = await _request(reader)
        taken.value += body.count(_PERSON)
        writer.write(
            b"HTTP/1.1 202 Accepted\r\nX-Message-Id: bench-%d\r\nContent-Length: 0\r\n\r\n"
            % taken.value
        )
        await writer.drain()


async def _twilio(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, taken: Any) -> None:
    while True:
        await _request(reader)
        taken.value += 1
        body = b'{"sid":"SM%032x","status":"queued","error_code":null}' % taken.value
        writer.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )
        await writer.drain()


async def _smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, taken: Any) -> None:
    writer.write(b"220 bench ESMTP\r\n")
    while True:
        line = (await reader.readuntil(b"\r\n")).upper()
        if line.startswith(b"EHLO"):
            writer.write(b"250-bench\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
        elif line.startswith(b"DATA"):
            writer.write(b"354 go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            taken.value += 1
            writer.write(b"250 taken\r\n")
        elif line.startswith(b"QUIT"):
            writer.write(b"221 bye\r\n")
            return
        else:
            writer.write(b"250 ok\r\n")
