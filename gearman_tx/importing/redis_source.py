"""The C server's keys in redis: ``--queue-type=redis``."""

from __future__ import annotations

import hashlib
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import redis
from redis.exceptions import RedisError, ResponseError

from gearman_tx.core import NORMAL
from gearman_tx.importing.redis_key import AmbiguousKeyError, split_key
from gearman_tx.importing.source import source_errors
from gearman_tx.store import ForeignRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gearman_tx.store import RowKey

_CONNECT_SECONDS: Final = 15
_ANSWER_SECONDS: Final = 60
_KEYS_A_SCAN: Final = 1000
_KEYS_A_FETCH: Final = 32
_PATTERN_SIGNS: Final = re.compile(rb"[*?\[\]^\\]")

_DELETE: Final = """
if redis.call('TYPE', KEYS[1]).ok == 'string' then
    if redis.sha1hex(redis.call('GET', KEYS[1])) ~= ARGV[1] then return 0 end
elseif redis.sha1hex(redis.call('HGET', KEYS[1], 'data') or '') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
"""Delete a key if its job still has the workload that was read."""


class RedisSource:
    """The keys of the C server in redis.

    A job is a hash with ``data`` and ``priority``, in some versions also ``function`` and
    ``unique``. Without these two, they are taken from the key, see
    :mod:`gearman_tx.importing.redis_key`. Very old versions store the data as a string, without a
    priority. Times and the order of submission are not stored. Rows come in any order, and one may
    come twice.

    Args:
        address: a ``redis://`` address without a password.
        name: the address in messages.
        prefix: how the keys begin.
        password: the password, or None.
        functions: names of functions with a hyphen.

    Raises:
        SourceError: redis cannot be reached.
    """

    def __init__(
        self,
        address: str,
        name: str,
        prefix: str,
        password: str | None,
        functions: Collection[bytes] = (),
    ) -> None:
        self.name = f"the keys {prefix}* of {name}"
        self.identity = self.name  # redis has no identifier that outlives a restart
        self._prefix = prefix.encode() + b"-"
        self._functions = functions
        with self._errors():
            self._redis: Any = redis.Redis.from_url(
                address,
                password=password,
                decode_responses=False,
                protocol=2,  # old versions know no other
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_timeout=_ANSWER_SECONDS,
            )
        try:
            with self._errors():
                self._redis.ping()
        except BaseException:
            self._redis.close()
            raise

    def count(self) -> int | None:
        """Return None: counting takes as long as reading."""
        return None

    def read(self) -> Iterator[ForeignRow]:
        """Yield all rows; redis is never blocked for long."""
        pattern = _PATTERN_SIGNS.sub(rb"\\\g<0>", self._prefix) + b"*"
        with self._errors():
            keys = self._redis.scan_iter(match=pattern, count=_KEYS_A_SCAN)
            while some := list(islice(keys, _KEYS_A_FETCH)):
                pipeline = self._redis.pipeline(transaction=False)
                for key in some:
                    pipeline.hgetall(key)
                for key, found in zip(some, pipeline.execute(raise_on_error=False), strict=True):
                    if isinstance(found, dict) and not found:
                        continue  # the job ended meanwhile
                    yield self._row(key, found)

    def _row(self, key: bytes, found: Any) -> ForeignRow:
        """Return the row of a key, from its hash or from the error that it is no hash."""
        if isinstance(found, ResponseError):
            return self._old_row(key, found)
        if isinstance(found, RedisError):
            raise found
        data = found.get(b"data")
        if data is None:
            return ForeignRow((key, None), None, None, None, None, problem="its hash has no data")
        priority = found.get(b"priority", b"")
        return self._with_names(key, found, int(priority) if priority.isdigit() else priority, data)

    def _old_row(self, key: bytes, error: ResponseError) -> ForeignRow:
        """Return the row of a key that may be a string."""
        try:
            data = self._redis.get(key)
        except ResponseError:
            problem = f"it is no job: {error}"
            return ForeignRow((key, None), None, None, None, None, problem=problem)
        return self._with_names(key, {}, NORMAL, data or b"")

    def _with_names(self, key: bytes, found: Any, priority: object, data: bytes) -> ForeignRow:
        """Return a row with the names in its hash, or else in its key."""
        name = (key, hashlib.sha1(data, usedforsecurity=False).hexdigest())
        function, unique = found.get(b"function"), found.get(b"unique")
        if function is None or unique is None:
            try:
                function, unique = split_key(key.removeprefix(self._prefix), self._functions)
            except AmbiguousKeyError as error:
                return ForeignRow(name, None, None, priority, data, problem=str(error))
        return ForeignRow(name, function, unique, priority, data)

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Delete rows one by one, except where another job has the key now."""
        count = 0
        with self._errors("change"):
            delete = self._redis.register_script(_DELETE)
            for keys in batches:
                count += sum(delete(keys=[key], args=[digest]) for key, digest in keys)
        return count

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _errors(self, verb: str = "read") -> AbstractContextManager[None]:
        return source_errors(f"{verb} {self.name}", (RedisError, OSError, ValueError))
