"""The packet of a submission: which of the ten packet types, and the checks of its arguments."""

from __future__ import annotations

import math
from datetime import datetime
from struct import Struct
from typing import Final

from gearman_tx.errors import LocalProtocolError, TooLarge
from gearman_tx.values.kinds import kind_of
from gearman_tx.wire import REQUEST_MAGIC, PacketType, limited, request

DEFAULT_MAX_UNIQUE: Final = 64
"""Most bytes of a unique that job servers take, unless they are set up to take more."""

NAMES_KEPT: Final = 1000
"""How many checked function names are kept."""

LIMIT_NAME: Final = "max_packet"
"""The setting of a client that limits its packets."""

LARGEST_EPOCH: Final = 2**63 - 1

_pack_header: Final = Struct(">4sII").pack

SUBMIT: Final = {
    ("normal", False): PacketType.SUBMIT_JOB,
    ("normal", True): PacketType.SUBMIT_JOB_BG,
    ("high", False): PacketType.SUBMIT_JOB_HIGH,
    ("high", True): PacketType.SUBMIT_JOB_HIGH_BG,
    ("low", False): PacketType.SUBMIT_JOB_LOW,
    ("low", True): PacketType.SUBMIT_JOB_LOW_BG,
}
"""The packet type by priority, and by whether the task is in the background."""

SUBMIT_REDUCE: Final = {
    False: PacketType.SUBMIT_REDUCE_JOB,
    True: PacketType.SUBMIT_REDUCE_JOB_BACKGROUND,
}
"""The packet type of a task with a reducer, by whether it is in the background."""


def as_bytes(name: object) -> bytes:
    """Return a name as it is sent: text in UTF-8.

    Raises:
        TypeError: the name is neither ``str`` nor ``bytes``.
        LocalProtocolError: the name has a NUL byte, which ends a name in a packet.
    """
    if isinstance(name, str):
        name = name.encode()
    elif not isinstance(name, bytes):
        raise TypeError(f"a name is str or bytes, not {type(name).__name__}: {name!r:.80}")
    if b"\0" in name:
        raise LocalProtocolError(f"a name has a NUL byte: {name[:80]!r}")
    return name


class CheckedNames(dict[str | bytes, bytes]):
    """Function names as they are sent, by the caller's spelling; each is checked once."""

    def __missing__(self, name: str | bytes) -> bytes:
        """Check a new name; see :func:`as_bytes`."""
        if len(self) >= NAMES_KEPT:
            self.clear()  # a program that generates names must not fill the memory
        checked = self[name] = as_bytes(name)
        return checked


def submit_packet(  # noqa: PLR0913  # a submission has as many parts
    function: bytes,
    unique: bytes,
    workload: bytes,
    *,
    priority: str,
    background: bool,
    at: float | datetime | None,
    reducer: bytes | None,
    largest: int,
    max_unique: int,
) -> bytes:
    """Return the packet that submits a task.

    Args:
        function: the name of the function, with its namespace, checked by :func:`as_bytes`.
        unique: the key that joins submissions into one job, checked by :func:`as_bytes`; empty for
            none.
        workload: the data for the worker.
        priority: ``high``, ``normal`` or ``low``.
        background: whether the client does not wait for the result.
        at: when the task may run at the earliest, or None for at once.
        reducer: the function that combines the results of this function's workers, or None.
        largest: most bytes of the packet's body.
        max_unique: most bytes of the unique.

    Raises:
        LocalProtocolError: no packet can carry these arguments together.
        TooLarge: the packet is too large.
    """
    packet_type = SUBMIT.get((priority, background))
    if packet_type is None:
        raise LocalProtocolError(f"priority {priority!r} is not 'high', 'normal' or 'low'")
    if len(unique) > max_unique:
        text = f"a unique of {len(unique)} bytes is over the limit of {max_unique}, max_unique"
        raise LocalProtocolError(f"{text}: {unique[:80]!r}")
    if at is None and reducer is None:
        size = len(function) + len(unique) + len(workload) + 2
        if size > largest:
            raise TooLarge(size, largest, LIMIT_NAME)
        # The hot path: nothing is checked or copied twice.
        header = _pack_header(REQUEST_MAGIC, packet_type, size)
        return b"".join((header, function, b"\0", unique, b"\0", workload))
    if priority != "normal":
        raise LocalProtocolError(f"Gearman has no {priority} priority for at= and reducer=")
    if at is None:
        assert reducer is not None, "one of them is given"
        packet = request(SUBMIT_REDUCE[background], function, unique, reducer, b"", workload)
        return limited(packet, largest, LIMIT_NAME)
    if not background or reducer is not None:
        text = "a task for a later time is a background task without a reducer"
        raise LocalProtocolError(f"{text}: use background=True")
    epoch = b"%d" % epoch_of(at)
    packet = request(PacketType.SUBMIT_JOB_EPOCH, function, unique, epoch, workload)
    return limited(packet, largest, LIMIT_NAME)


def epoch_of(at: object) -> int:
    """Return a time in whole seconds since 1970, rounded up so that nothing runs early.

    Raises:
        LocalProtocolError: the time has no time zone, or is out of the range of the packet.
        TypeError: it is no time.
    """
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise LocalProtocolError(f"{at} has no time zone; datetime.now().astimezone() has one")
        at = at.timestamp()
    elif not isinstance(at, int | float):
        text = "at is a datetime with a time zone or a number of seconds since 1970"
        raise TypeError(f"{text}, not {kind_of(at)}")
    if not 0 <= at <= LARGEST_EPOCH:
        raise LocalProtocolError(f"the time {at} is outside 0 to {LARGEST_EPOCH}")
    return math.ceil(at)
