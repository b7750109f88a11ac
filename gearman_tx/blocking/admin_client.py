"""python-gearman's admin client, over :class:`gearman_tx.admin.AdminClient`."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed

from gearman_tx.admin import AdminClient
from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.errors import (
    GearmanError,
    InvalidAdminClientState,
    ProtocolError,
)
from gearman_tx.errors import (
    ConfigurationError,
    ConnectionLost,
    Refused,
    RemoteProtocolError,
    TimedOut,
)
from gearman_tx.link import Server
from gearman_tx.reactor_thread import THREAD, PerProcess

DEFAULT_ADMIN_CLIENT_TIMEOUT: Final = 10.0
"""Seconds that a job server may take to connect, and to answer."""


class _LazyAdminClient:
    """An AdminClient in the reactor's thread, made when the first command is sent."""

    def __init__(self, server: Server, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._client: AdminClient | None = None

    def ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of the AdminClient."""
        if self._client is None:
            self._client = AdminClient(self._server, timeout=self._timeout)
        return getattr(self._client, method)(*arguments, **options)

    def ask_gracefully(self) -> Any:
        """Ask the server to finish its running jobs and to stop."""
        return self.ask("shutdown", graceful=True)

    def close(self) -> Deferred[None]:
        """Disconnect."""
        return succeed(None) if self._client is None else self._client.close()


class GearmanAdminClient(GearmanConnectionManager):
    """Sends administrative commands to one job server.

    Names are returned as text. Every method raises ServerUnavailable when the job server cannot be
    reached or is lost, and InvalidAdminClientState when it does not answer in time.

    Args:
        host_list: the job server; see :class:`GearmanConnectionManager`.
        poll_timeout: seconds that it may take to connect, and to answer.

    Raises:
        GearmanError: the list has not exactly one job server.
    """

    def __init__(
        self,
        host_list: Iterable[Any] | None = None,
        poll_timeout: float = DEFAULT_ADMIN_CLIENT_TIMEOUT,
    ) -> None:
        super().__init__(host_list)
        if len(self.connection_list) != 1:
            raise GearmanError(
                f"Only pass a single host to the constructor of {type(self).__name__}"
            )
        self.poll_timeout = poll_timeout
        (self.current_connection,) = self.connection_list
        server = self.current_connection.server
        self._client = client = PerProcess(lambda: _LazyAdminClient(server, poll_timeout))
        finalizer = weakref.finalize(self, _close, client)
        finalizer.atexit = False

    def shutdown(self) -> None:
        """Disconnect; a later command connects again. See ``send_shutdown`` for the server."""
        THREAD.call(self._client().close)

    # --------------------------------------------------------------------------------- reports

    def ping_server(self) -> float:
        """Return the seconds between a command and its answer."""
        seconds: float = self._ask("ping")
        return seconds

    def get_status(self) -> tuple[dict[str, Any], ...]:
        """Return ``task``, ``queued``, ``running`` and ``workers`` of each function.

        ``queued`` counts all jobs, also running ones, as the job server does.
        """
        return tuple(
            {
                "task": _text(row.name),
                "queued": row.total,
                "running": row.running,
                "workers": row.workers,
            }
            for row in self._ask("status")
        )

    def get_workers(self) -> tuple[dict[str, Any], ...]:
        """Return ``file_descriptor``, ``ip``, ``client_id`` and ``tasks`` of each connection."""
        return tuple(
            {
                "file_descriptor": str(row.fd),
                "ip": row.host,
                "client_id": _text(row.client_id),
                "tasks": tuple(map(_text, row.functions)),
            }
            for row in self._ask("workers")
        )

    def get_jobs(self) -> tuple[dict[str, Any], ...]:
        """Return ``handle``, ``queued``, ``canceled`` and ``enabled`` of each job.

        The names are python-gearman's. The numbers are how often the job was tried again, whether
        its clients have gone, and whether it is a background job.
        """
        return tuple(
            {
                "handle": _text(row.handle),
                "queued": row.losses,
                "canceled": int(row.ignored),
                "enabled": int(row.background),
            }
            for row in self._ask("queued_jobs")
        )

    def get_unique_jobs(self) -> tuple[dict[str, Any], ...]:
        """Return ``unique`` of each job: a list with the unique as its only item."""
        return tuple({"unique": [_text(unique)]} for unique in self._ask("unique_jobs"))

    def get_version(self) -> str:
        """Return ``OK`` and the version of the job server."""
        return f"OK {self._ask('version')}"

    def get_pid(self) -> str:
        """Return ``OK`` and the process id of the job server."""
        return f"OK {self._ask('pid')}"

    # -------------------------------------------------------------------------------- commands

    def send_maxqueue(self, task: Any, max_size: int) -> str:
        """Limit the jobs of a function; return ``OK``.

        Raises:
            ProtocolError: the job server refused the command.
        """
        try:
            self._ask("set_max_queue", _raw(task), int(max_size))
        except Refused as error:
            raise ProtocolError(f"Expected 'OK', received: {_reply(error)}") from error
        return "OK"

    def cancel_job(self, handle: Any) -> str:
        """Cancel a queued job; return ``OK``, or ``ERR`` and a reason."""
        try:
            return "OK" if self._ask("cancel", _raw(handle)) else "ERR UNKNOWN_JOB"
        except Refused as error:
            return _reply(error)

    def send_shutdown(self, graceful: bool = True) -> None:
        """Ask the job server to stop, by default when all jobs are done; many servers refuse."""
        try:
            if graceful:
                self._call(self._client().ask_gracefully)
            else:
                self._ask("shutdown")
        except Refused:
            return

    def _ask(self, method: str, *arguments: Any) -> Any:
        return self._call(self._client().ask, method, *arguments)

    def _call(self, function: Any, *arguments: Any) -> Any:
        try:
            return THREAD.call(function, *arguments)
        except (ConfigurationError, ConnectionLost, RemoteProtocolError) as error:
            raise self.translated(error) from error
        except TimedOut as error:
            text = f"Admin client timed out after {self.poll_timeout:f} second(s)"
            raise InvalidAdminClientState(text) from error


def _close(of_process: PerProcess[_LazyAdminClient]) -> None:
    """Disconnect the client of this process, if it has one."""
    client = of_process.peek()
    if client is not None:
        THREAD.post(client.close)


def _reply(error: Refused) -> str:
    """Return the line with which a job server refused a command."""
    return f"ERR {_text(error.code)} {_text(error.text)}".rstrip()


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _raw(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name
