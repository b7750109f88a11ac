"""Every error this package raises on purpose, grouped by whose fault it is.

Ours is :class:`LocalProtocolError`, theirs :class:`RemoteProtocolError`; a request that is
understood but not granted is :class:`Refused`; a setting that cannot be used is
:class:`ConfigurationError`. Messages name the value and the limit.
"""

from __future__ import annotations


class GearmanError(Exception):
    """The base of every error of this package."""


class LocalProtocolError(GearmanError):
    """Our own program asked for something that the Gearman protocol cannot say."""


class RemoteProtocolError(GearmanError):
    """The peer sent bytes that are not the Gearman protocol; its connection cannot go on."""


class ConfigurationError(GearmanError):
    """A setting is unknown, out of range or cannot be used on this machine."""


class Refused(GearmanError):
    """A request was understood and is not granted: it is answered with an ERROR packet.

    Attributes:
        code: the error code of the ERROR packet, e.g. ``b"QUEUE_ERROR"``.
        text: the reason, for people.
    """

    def __init__(self, code: bytes, text: bytes) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text

    def __str__(self) -> str:
        """Return ``CODE: text``."""
        return f"{self.code.decode()}: {self.text.decode('utf-8', 'replace')}"


class JobFailed(GearmanError):
    """A job ended without a result: its worker sent WORK_FAIL, or the server gave it up.

    Attributes:
        function: the function that the task was submitted to, without the client's namespace.
        handle: the job server's name for the job.
    """

    def __init__(self, function: bytes, handle: bytes) -> None:
        super().__init__(function, handle)
        self.function = function
        self.handle = handle

    def __str__(self) -> str:
        """Return which job failed."""
        return f"job {_text(self.handle)} of {_text(self.function)} failed"


class JobException(JobFailed):
    """A job ended with an exception, and the worker said which: WORK_EXCEPTION.

    Attributes:
        data: what the worker said, as it came.
    """

    def __init__(self, function: bytes, handle: bytes, data: bytes) -> None:
        super().__init__(function, handle)
        self.args = (function, handle, data)
        self.data = data

    @property
    def text(self) -> str:
        """What the worker said, as text; bytes that are not UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")

    def __str__(self) -> str:
        """Return which job failed, and what its worker said."""
        return f"{super().__str__()}: {self.text}"


class ConnectionLost(GearmanError):
    """A job server was lost, or the client closed, before it said how a request ended.

    A job that the server had accepted may be running still, or even be done.
    """


class NoServer(ConnectionLost):
    """No job server could be reached for as long as a submission may wait for one.

    A server that was lost earlier may have the task all the same, if it was sent there.
    """


class TimedOut(GearmanError):
    """What was waited for did not come in the time that the caller gave it."""


def _text(data: bytes) -> str:
    """Return ``data`` for people."""
    return data.decode("utf-8", "replace")
