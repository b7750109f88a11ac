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

    Args:
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
