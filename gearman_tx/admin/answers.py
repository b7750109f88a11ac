"""Replies of one line, byte for byte those of the C server.

Note the line ends: ``OK`` and ``ERR`` end in CR LF, ``OK`` with a value ends in a bare LF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.admin.names import escape

if TYPE_CHECKING:
    from gearman_tx.errors import Refused

OK: Final = b"OK\r\n"
UNKNOWN_JOB: Final = b"ERR UNKNOWN_JOB\r\n"
UNKNOWN_ERROR: Final = b"ERR UNKNOWN_ERROR\r\n"
UNKNOWN_SHOW_ARGUMENTS: Final = b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"
FUNCTION_NOT_FOUND: Final = b"ERR function not found\r\n"
FUNCTION_IN_USE: Final = b"ERR there are still connected workers or executing clients\r\n"
NUL_IN_NAME: Final = b"ERR INVALID_ARGUMENTS A+function+name+cannot+hold+a+NUL\r\n"

_INCOMPLETE: Final = (
    b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+%b\r\n"
)
_UNKNOWN_STATE: Final = b"ERR INVALID_ARGUMENTS Unknown+job+state+%b,+known+are:+%b\r\n"


def ok(value: bytes) -> bytes:
    """Return the reply with one value."""
    return b"OK %b\n" % value


def unknown_command(word: bytes) -> bytes:
    """Return the reply to a line whose first word, as it was typed, is no command."""
    return b"ERR UNKNOWN_COMMAND Unknown+server+command%b\r\n" % word


def incomplete(word: bytes) -> bytes:
    """Return the reply to a command, as it was typed, with too few or other arguments."""
    return _INCOMPLETE % word


def unknown_state(word: bytes, known: tuple[bytes, ...]) -> bytes:
    """Return the reply to a job state, as it was typed, that is not in ``known``."""
    return _UNKNOWN_STATE % (escape(word), b"+".join(known))


def refused(refusal: Refused) -> bytes:
    """Return the reply to a request that the queues refused."""
    return b"ERR %b %b\r\n" % (refusal.code, escape(refusal.text).replace(b" ", b"+"))
