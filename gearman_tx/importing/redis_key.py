"""From the key of a job in redis to its function and its unique.

Theory. The key of a job is ``PREFIX-FUNCTION-UNIQUE``. Up to version 1.1.20 the C server stores the
two names only there, and both may have hyphens: ``_gear_-a-b-c`` is the unique ``b-c`` of the
function ``a``, or ``c`` of ``a-b``. (The C server itself always reads the first.) A wrong guess
would give the job to the wrong workers or to none, so little is guessed. A key with one hyphen is
clear. Functions that the user names make others clear. Of the rest, a function without a hyphen is
recognised before the unique ``-`` or a UUID, which libgearman makes when the client gives no
unique. All other keys are left in redis.

A unique of 64 bytes has lost its last byte and has a blank before the others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearman_tx.core import DEFAULT_MAX_UNIQUE

if TYPE_CHECKING:
    from collections.abc import Collection

_USUAL: Final = re.compile(
    rb"([^-]*)-(-|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
)
_HYPHEN: Final = b"-"


class AmbiguousKeyError(ValueError):
    """A key has several readings, or none; the text says what helps."""


def split_key(rest: bytes, functions: Collection[bytes] = ()) -> tuple[bytes, bytes]:
    """Return the function and the unique of a key.

    Args:
        rest: the key behind the prefix and its hyphen.
        functions: names of functions; the longest one that fits is used.

    Raises:
        AmbiguousKeyError: the key has several readings, or none.
    """
    function, unique = _split(rest, functions)
    if len(unique) == DEFAULT_MAX_UNIQUE:
        unique = unique.removeprefix(b" ")
    return function, unique


def _split(rest: bytes, functions: Collection[bytes]) -> tuple[bytes, bytes]:
    if _HYPHEN not in rest:
        raise AmbiguousKeyError("it has no hyphen between a function and a unique")
    fitting = [name for name in functions if rest.startswith(name + _HYPHEN)]
    if fitting:
        function = max(fitting, key=len)
        return function, rest[len(function) + 1 :]
    if found := _USUAL.fullmatch(rest):
        return found[1], found[2]
    if rest.count(_HYPHEN) > 1:
        text = "the hyphen that ends its function is not known"
        raise AmbiguousKeyError(f"{text}: name its function with --function")
    function, _, unique = rest.partition(_HYPHEN)
    return function, unique
