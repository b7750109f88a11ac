"""Read the workloads of ``gearman-tx submit --lines`` from a file or from standard input."""

from __future__ import annotations

import codecs
import os
import threading
from collections.abc import AsyncIterator
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gearman_tx.cli.errors import CommandError, ExitStatus

_CHUNK: Final = 64 * 1024


async def read_lines(stream: BinaryIO, reactor: Any) -> AsyncIterator[bytes]:
    r"""Yield the lines of ``stream``, without their line ends, as soon as they come.

    A line ends with ``\n`` or ``\r\n``. A byte order mark of UTF-8, with which some editors begin a
    file, is not part of the first line. A pipe may be silent for hours, so a daemon thread reads
    it; the program can end while the thread waits.

    Args:
        stream: an open file of which nothing has been read.
        reactor: the lines are yielded in its thread.

    Raises:
        CommandError: the file cannot be read.
    """
    wanted: SimpleQueue[Deferred[bytes]] = SimpleQueue()
    thread = threading.Thread(target=_read_chunks, args=(stream, wanted, reactor), daemon=True)
    thread.start()
    mark, rest = codecs.BOM_UTF8, b""
    while True:
        chunk: Deferred[bytes] = Deferred()
        wanted.put(chunk)
        try:
            data = await chunk
        except OSError as error:
            raise CommandError(f"{stream.name}: {error.strerror}", ExitStatus.USAGE) from error
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.removeprefix(mark).removesuffix(b"\r")
            mark = b""
        if not data:
            break
    if rest := rest.removeprefix(mark):
        yield rest


def _read_chunks(stream: BinaryIO, wanted: SimpleQueue[Deferred[bytes]], reactor: Any) -> None:
    """In the thread: read a chunk for each Deferred, up to the empty one at the end."""
    data = b"-"
    while data:
        chunk = wanted.get()
        try:
            data = os.read(stream.fileno(), _CHUNK)
        except OSError:
            reactor.callFromThread(chunk.errback, Failure())
            return
        reactor.callFromThread(chunk.callback, data)
