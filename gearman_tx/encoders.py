"""Encoders between the values of a program and the bytes of workloads and results.

Gearman carries bytes without a type. An encoder of a client or a worker turns the program's values
into bytes and back. Both ends must use the same encoding, and a worker in another language must be
able to read it. There is no encoder for pickles: only Python reads them, and any client that can
submit a job could run any code in the worker.

An error of an encoder holds no workload, because errors get into logs by their reprs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol, TypeVar

from gearman_tx.errors import ConfigurationError

T = TypeVar("T")
_Error = TypeVar("_Error", UnicodeEncodeError, UnicodeDecodeError)


class Encoder(Protocol[T]):
    """Turns values into bytes and back; any object with these two methods will do."""

    def encode(self, value: T, /) -> bytes:
        """Return ``value`` as bytes.

        Raises:
            TypeError: this encoder has no bytes for a value of this type.
            ValueError: this encoder has no bytes for this value.
        """

    def decode(self, data: bytes, /) -> T:
        """Return the value that ``data`` encodes.

        Raises:
            ValueError: ``data`` is no value of this encoding.
        """


class BytesEncoder:
    """Bytes as they are: the default."""

    def encode(self, value: object, /) -> bytes:
        """Return ``value``, which may be ``bytes``, ``bytearray`` or ``memoryview``.

        Raises:
            TypeError: the value is none of these.
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
            try:
                return value.encode()
            except UnicodeEncodeError as error:
                raise _without_data(error) from None
        raise TypeError(f"the text encoder takes str, not {type(value).__name__}")

    def decode(self, data: bytes, /) -> str:
        """Return the text that ``data`` encodes.

        Raises:
            UnicodeDecodeError: ``data`` is not UTF-8.
        """
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise _without_data(error) from None


class JsonEncoder:
    """JSON values, in UTF-8 and without blanks."""

    def encode(self, value: Any, /) -> bytes:
        """Return ``value`` as JSON.

        Raises:
            TypeError: JSON has no form for a value of this type.
            ValueError: JSON has no form for this value: it contains itself, or is not finite.
        """
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return TEXT.encode(text)

    def decode(self, data: bytes, /) -> Any:
        """Return the value that ``data`` encodes; no bytes at all are None.

        A worker without a result sends no bytes, and that is not JSON.

        Raises:
            ValueError: ``data`` is not JSON.
        """
        try:
            return json.loads(data) if data else None
        except UnicodeDecodeError as error:
            raise _without_data(error) from None


class MsgpackEncoder:
    """MessagePack values; it needs the package ``msgpack``.

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
            TypeError: MessagePack has no form for a value of this type.
            ValueError: MessagePack has no form for this value.
        """
        return self._pack(value)

    def decode(self, data: bytes, /) -> Any:
        """Return the value that ``data`` means; no bytes at all are None.

        Raises:
            ValueError: ``data`` is not MessagePack.
        """
        try:
            return self._unpack(data) if data else None
        except ValueError as error:
            raise ValueError(str(error)) from None


def _without_data(error: _Error) -> _Error:
    """Return ``error`` with the faulty characters or bytes alone, and with their place."""
    part = error.object[error.start : error.end]
    reason = f"{error.reason} (at {error.start} of {len(error.object)})"
    return type(error)(error.encoding, part, 0, len(part), reason)


BYTES: Final = BytesEncoder()
"""Workloads and results are ``bytes``."""

TEXT: Final = TextEncoder()
"""Workloads and results are ``str``."""

JSON: Final = JsonEncoder()
"""Workloads and results are JSON values."""
