"""The common base of client, worker and admin client: job servers and the data encoder."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, ClassVar

from gearman_tx.blocking.connection import GearmanConnection, split_address
from gearman_tx.blocking.errors import GearmanError, ProtocolError, ServerUnavailable
from gearman_tx.blocking.job import GearmanJob
from gearman_tx.errors import (
    ConfigurationError,
    ConnectionLost,
    LocalProtocolError,
    RemoteProtocolError,
    TooLarge,
)
from gearman_tx.values.kinds import kind_of

_TLS_KEYS = ("host", "port", "keyfile", "certfile", "ca_certs")

_log = logging.getLogger(__name__)


class DataEncoder:
    """Turns a program's values into data and back; for subclasses to implement."""

    @classmethod
    def encode(cls, encodable_object: Any) -> Any:
        """Return a value as bytes, or as text, which is sent in UTF-8."""
        raise NotImplementedError

    @classmethod
    def decode(cls, decodable_string: bytes) -> Any:
        """Return the value that bytes stand for."""
        raise NotImplementedError


class NoopEncoder(DataEncoder):
    """Bytes and text, unchanged: the default. Received data is always bytes."""

    @classmethod
    def _check(cls, value: Any) -> Any:
        if not isinstance(value, bytes | str):
            raise TypeError(f"Expecting byte string, got {type(value)!r}")
        return value

    @classmethod
    def encode(cls, encodable_object: Any) -> Any:
        """Return the value unchanged.

        Raises:
            TypeError: the value is neither bytes nor text.
        """
        return cls._check(encodable_object)

    @classmethod
    def decode(cls, decodable_string: bytes) -> Any:
        """Return the data unchanged."""
        return cls._check(decodable_string)


class GearmanConnectionManager:
    """The base of client, worker and admin client.

    Args:
        host_list: the job servers: ``"host:port"``, ``"host"``, ``(host, port)``, one of Twisted's
            client endpoint strings, or for TLS a dictionary with ``host``, ``port``, ``keyfile``,
            ``certfile`` and ``ca_certs``.

    Attributes:
        connection_list: the job servers.
        data_encoder: turns workloads, results and updates into bytes and back; for subclasses to
            set.
        job_class: the class of jobs; for subclasses to set.
        connection_class: the class of job servers; for subclasses to set.

    Raises:
        GearmanError: an entry of the list is not one of these.
    """

    connection_class: ClassVar[Any] = GearmanConnection
    job_class: ClassVar[Any] = GearmanJob
    data_encoder: ClassVar[Any] = NoopEncoder

    def __init__(self, host_list: Iterable[Any] | None = None) -> None:
        self.connection_list: list[Any] = []
        if isinstance(host_list, str | bytes) or not isinstance(host_list, Iterable | None):
            text = "host_list is a list of job servers, such as ['localhost:4730']"
            raise GearmanError(f"{text}, not {kind_of(host_list)}")
        for element in host_list or ():
            if isinstance(element, str | tuple):
                self.add_connection(element)
            elif isinstance(element, dict):
                if not all(key in element for key in _TLS_KEYS):
                    raise GearmanError("Incomplete SSL connection definition")
                self.add_ssl_connection(*(element[key] for key in _TLS_KEYS))
            else:
                raise GearmanError(
                    f"Expected str, tuple or dict; got {element!r} (type {type(element)})"
                )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} connection_list={self.connection_list!r}>"

    def add_connection(self, hostport_tuple: str | tuple[str, int]) -> Any:
        """Add a job server: ``"host:port"``, ``"host"`` or ``(host, port)``; return it."""
        host, port = split_address(hostport_tuple)
        connection = self.connection_class(host=host, port=port)
        self.connection_list.append(connection)
        return connection

    def add_ssl_connection(
        self, host: str, port: int, keyfile: Any, certfile: Any, ca_certs: Any
    ) -> Any:
        """Add a job server with TLS; return it."""
        connection = self.connection_class(
            host=host, port=port, keyfile=keyfile, certfile=certfile, ca_certs=ca_certs
        )
        self.connection_list.append(connection)
        return connection

    def encode_data(self, value: Any) -> bytes:
        """Return a value as it is sent, by the encoder.

        Raises:
            ProtocolError: the encoder returned neither bytes nor text.
        """
        data = self.data_encoder.encode(value)
        if isinstance(data, str):
            return data.encode()
        if not isinstance(data, bytes):
            encoder = getattr(self.data_encoder, "__name__", self.data_encoder)
            raise ProtocolError(f"{encoder} made {type(data).__name__} of data, not bytes or str")
        return data

    def decode_data(self, data: bytes) -> Any:
        """Return the value of received data, by the encoder."""
        return self.data_encoder.decode(data)

    def on_gearman_error(self, error_code: bytes, error_text: bytes) -> bool:
        """Log that a job server refused a request; subclasses may override it."""
        _log.error("Received error from server: %r: %r", error_code, error_text)
        return False

    def not_available(self) -> str:
        """Return the text of the error when no job server is up."""
        return f"Found no valid connections in list: {self.connection_list!r}"

    def translated(self, error: BaseException) -> BaseException:
        """Return python-gearman's error for an error of this package."""
        if isinstance(error, ConfigurationError | ConnectionLost):
            return ServerUnavailable(f"{self.not_available()}: {error}")
        if isinstance(error, TooLarge):
            return ProtocolError(str(TooLarge(error.size, error.limit)))  # there is no setting
        if isinstance(error, LocalProtocolError | RemoteProtocolError | TypeError):
            return ProtocolError(str(error))
        return error
