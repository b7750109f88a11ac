"""What workloads and results are to a program, and what they are on the wire.

Gearman carries bytes and asks nothing about them. An encoder sits at the door of a client or a
worker and turns the program's values into bytes and back. Both ends must agree on it, and a
worker in another language must be able to read it, so there is none for pickles: they are
Python's own, and whoever can submit a job could run any code in the worker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from gearman_tx.errors import ConfigurationError

T = TypeVar("T")


class Encoder(Protocol[T]):
    """Turns values into bytes and back; any object with these two methods will do."""

    def encode(self, value: T, /) -> bytes:
        """Return ``value`` as bytes.

        Raises:
            TypeError: this encoder has no bytes for a value of this type.
            ValueError: or for this value.
        """

    def decode(self, data: bytes, /) -> T:
        """Return the value that ``data`` means.

        Raises:
            ValueError: ``data`` means nothing to this encoder.
        """


class BytesEncoder:
    """Bytes as they are: the default."""

    def encode(self, value: object, /) -> bytes:
        """Return ``value``; any object that is made of bytes is taken.

        Raises:
            TypeError: the value is not made of bytes.
        """
        if isinstance(value, bytes):
            return value
        if isinstance(value, bytearray | memoryview):
            return bytes(value)
        kind = type(value).__name__
        raise TypeError(f"a workload is bytes, not {kind}; an encoder takes other values")

    def decode(self, data: bytes, /) -> bytes:
        """Return ``data``."""
        return data


class TextEncoder:
    """``str`` as UTF-8."""

    def encode(self, value: object, /) -> bytes:
        """Return ``value`` in UTF-8.

        Raises:
            TypeError: the value is not a ``str``.
        """
        if isinstance(value, str):
            return value.encode()
        raise TypeError(f"the text encoder takes str, not {type(value).__name__}")

    def decode(self, data: bytes, /) -> str:
        """Return the text that ``data`` means.

        Raises:
            UnicodeDecodeError: ``data`` is not UTF-8.
        """
        return data.decode()


class JsonEncoder:
    """Whatever JSON can say, in UTF-8 and without blanks."""

    def encode(self, value: Any, /) -> bytes:
        """Return ``value`` as JSON.

        Raises:
            TypeError: JSON has no word for a value of this type.
            ValueError: or for this value: a circle, or a number that is not one.
        """
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()

    def decode(self, data: bytes, /) -> Any:
        """Return the value that ``data`` means; no bytes at all are None.

        A worker that has nothing to say sends no bytes, and that is not JSON.

        Raises:
            ValueError: ``data`` is not JSON.
        """
        return json.loads(data) if data else None


class MsgpackEncoder:
    """Whatever MessagePack can say; it needs the package ``msgpack``.

    Raises:
        ConfigurationError: the package is not installed.
    """

    def __init__(self) -> None:
        try:
            msgpack = import_module("msgpack")  # an optional package
        except ImportError as error:
            text = "the MessagePack encoder needs the package msgpack: pip install msgpack"
            raise ConfigurationError(text) from error
        self._pack: Callable[[Any], bytes] = msgpack.packb
        self._unpack: Callable[[bytes], Any] = msgpack.unpackb

    def encode(self, value: Any, /) -> bytes:
        """Return ``value`` as MessagePack.

        Raises:
            TypeError: MessagePack has no word for a value of this type.
            ValueError: or for this value.
        """
        return self._pack(value)

    def decode(self, data: bytes, /) -> Any:
        """Return the value that ``data`` means; no bytes at all are None.

        Raises:
            ValueError: ``data`` is not MessagePack.
        """
        return self._unpack(data) if data else None


BYTES: Final = BytesEncoder()
"""Workloads and results are ``bytes``."""

TEXT: Final = TextEncoder()
"""Workloads and results are ``str``."""

JSON: Final = JsonEncoder()
"""Workloads and results are what JSON can say."""
