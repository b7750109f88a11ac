"""Every error that this package raises on purpose, grouped by whose fault it is.

:class:`LocalProtocolError` is an error of this program, :class:`RemoteProtocolError` one of the
peer. :class:`Refused` is a request that is understood but not granted, :class:`ConfigurationError`
a setting that cannot be used. Messages name the value and the limit.
"""

from __future__ import annotations

from typing import Final

from gearman_tx.values.redaction import beginning

_SHOWN_TEXT: Final = 1000  # characters of an exception's text in a message


class GearmanError(Exception):
    """The base of every error of this package."""


class LocalProtocolError(GearmanError):
    """This program asked for something that the Gearman protocol cannot express."""


class TooLarge(LocalProtocolError):
    """A packet was not sent, or not taken, because it is over a limit of this program.

    Attributes:
        size: the size of the packet's body, in bytes.
        limit: the largest body that is sent or taken, in bytes.
        setting: the setting of this program that is the limit; empty if it cannot be set.
    """

    def __init__(self, size: int, limit: int, setting: str = "") -> None:
        super().__init__(size, limit, setting)
        self.size = size
        self.limit = limit
        self.setting = setting

    def __str__(self) -> str:
        """Return the size, the limit and what to do about it."""
        remedy = "split the workload, or submit the place where the worker finds it"
        if self.setting:
            remedy = f"raise {self.setting} here, and --max-packet of the job server"
        return f"a packet of {self.size} bytes is over the limit of {self.limit}: {remedy}"


class RemoteProtocolError(GearmanError):
    """The peer sent bytes that are not the Gearman protocol; its connection cannot go on."""


class ConfigurationError(GearmanError):
    """A setting is unknown, out of range or cannot be used on this machine."""


class Refused(GearmanError):
    """A request was understood and is not granted: it is answered with an ERROR packet.

    Attributes:
        code: the error code of the ERROR packet, e.g. ``b"QUEUE_ERROR"``.
        text: the reason, as text.
    """

    def __init__(self, code: bytes, text: bytes) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        """Return ``CODE: text``."""
        return f"{self.code.decode()}: {self.text.decode('utf-8', 'replace')}"


class JobFailed(GearmanError):
    """A job ended without a result: its worker sent WORK_FAIL, or the server gave up the job.

    Attributes:
        function: the function of the task, without the client's namespace.
        handle: the handle of the job.
    """

    def __init__(self, function: bytes, handle: bytes) -> None:
        super().__init__(function, handle)
        self.function = function
        self.handle = handle

    def __str__(self) -> str:
        """Return which job failed."""
        return f"job {_text(self.handle)} of {_text(self.function)} failed"


class JobException(JobFailed):
    """A job ended with an exception that its worker reported: WORK_EXCEPTION.

    Attributes:
        data: the exception, in the bytes of the worker.
    """

    def __init__(self, function: bytes, handle: bytes, data: bytes) -> None:
        super().__init__(function, handle)
        self.args = (function, handle, data)
        self.data = data

    @property
    def text(self) -> str:
        """The exception as text; bytes that are not UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")

    def __str__(self) -> str:
        """Return which job failed, and the exception; of a long one the beginning."""
        text = self.text
        if len(text) > _SHOWN_TEXT:
            text = f"{text[:_SHOWN_TEXT]}... ({len(self.data)} bytes)"
        return f"{super().__str__()}: {text}"

    def __repr__(self) -> str:
        """Return the names of the job, and the beginning of the exception."""
        return f"JobException({self.function!r}, {self.handle!r}, {beginning(self.data)})"


class ConnectionLost(GearmanError):
    """A job server was lost, or the client was closed, before the end of a request was known.

    A job that the server had accepted may still be running, or may be done.
    """


class NoServer(ConnectionLost):
    """No job server could be reached in the time that a submission may wait for one.

    A server that was lost earlier may still have the task, if it was sent there.
    """


class TimedOut(GearmanError):
    """The result did not come in the time that the caller allowed."""


class ReactorUnavailable(GearmanError):
    """The thread that talks to the job servers cannot be started, or has ended.

    It ends with the interpreter, and when the program stops a reactor that it runs itself.
    """


def _text(data: bytes) -> str:
    """Return ``data`` as text."""
    return data.decode("utf-8", "replace")
