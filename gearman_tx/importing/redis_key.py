"""From the key of a job in redis to its function and its unique.

Theory. The C server calls a job ``PREFIX-FUNCTION-UNIQUE``. Up to 1.1.20 the key is all that tells
the two apart, and both may have hyphens: ``_gear_-a-b-c`` is ``b-c`` of the function ``a``, or
``c`` of ``a-b``. (That C server itself always takes the first.) A wrong guess would hand the job to
the wrong workers or to none, so little is guessed. With one hyphen there is one answer, and names
of functions that the user knows settle the others. Of what is left, two shapes are taken for what
they look like: one name, and behind it the unique ``-`` or a UUID, which is what libgearman makes
when the client gives no unique. Everything else is left where it is.

A unique of 64 bytes lost its last one and has a blank before the others.
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
    """A key can be read in several ways, or in none; the text says what helps."""


def split_key(rest: bytes, functions: Collection[bytes] = ()) -> tuple[bytes, bytes]:
    """Return the function and the unique of a key.

    Args:
        rest: what stands behind the prefix and its hyphen.
        functions: names of functions; the longest one that fits is meant.

    Raises:
        AmbiguousKeyError: it is not known which they are.
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
        text = "which of its hyphens ends the function is not known"
        raise AmbiguousKeyError(f"{text}: name its function with --function")
    function, _, unique = rest.partition(_HYPHEN)
    return function, unique
