r"""Names in text lines: control characters are written as ``\xNN``, everything else as it is.

A function name, a unique or a client id may contain any byte. A line feed or a tab in it would
break every program that reads a report, so the bytes 0x00 to 0x1f and 0x7f are escaped. A backslash
stays as it is, which keeps names such as ``App\Jobs\Resize`` unchanged, unless it looks like the
start of an escape: the name ``\x41`` is written ``\x5cx41``. So every name has one written form,
which :func:`unescape` turns back into the name.
"""

from __future__ import annotations

import re
from typing import Final

_SPECIAL: Final = re.compile(rb"[\x00-\x1f\x7f]|\\(?=x[0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})")


def escape(name: bytes) -> bytes:
    r"""Return ``name`` as reports show it, with ``\xNN`` in the place of control characters.

    Args:
        name: any bytes.

    Returns:
        The written form, with lower-case digits; bytes of 0x80 and above are unchanged.
    """
    return _SPECIAL.sub(_escaped, name)


def unescape(written: bytes) -> bytes:
    r"""Return the name whose written form is ``written``.

    Args:
        written: the word that an operator typed. Each ``\xNN`` is that byte, so ``\x20`` is a
            blank in a name; any other backslash is itself.
    """
    return _ESCAPE.sub(_unescaped, written)


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % ord(found[0])


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode())
