"""Decode a row of SQLite's file format: a header of types, then the values.

The format is described at https://sqlite.org/fileformat2.html#record_format.
"""

from __future__ import annotations

import struct
from typing import Final, TypeAlias

Value: TypeAlias = bytes | str | int | float | None
"""A value of a row."""

BAD_RECORD: Final = (IndexError, ValueError, struct.error)
"""What :func:`read_varint` and :func:`decode_record` raise on bytes that are no record."""

_MORE: Final = 0x80  # the bit of a varint's byte that says that another byte follows
_FIRST_BLOB: Final = 12
_INTEGER_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)
_REAL: Final = 7
_ONE: Final = 9


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Return the integer at ``place`` and the place behind it.

    Raises:
        IndexError: ``data`` ends before the integer does.
    """
    number = 0
    for behind in range(place, place + 8):
        byte = data[behind]
        number = number << 7 | byte & 0x7F
        if byte < _MORE:
            return number, behind + 1
    number = number << 8 | data[place + 8]
    return number - (1 << 64) if number >> 63 else number, place + 9


def decode_record(record: bytes) -> list[Value]:
    """Return the values of a row.

    Raises:
        ValueError: the sizes in its header do not fit.
        IndexError: it ends too early, or has an unknown type.
        struct.error: a value ends too early.
    """
    end, place = read_varint(record, 0)
    data = end
    values: list[Value] = []
    while place < end:
        kind, place = read_varint(record, place)
        size, value = _value(record, data, kind)
        values.append(value)
        data += size
    if place != end or data != len(record):
        raise ValueError("the record has another size than its values")
    return values


def _value(record: bytes, place: int, kind: int) -> tuple[int, Value]:
    """Return the size and the value of a type at a place."""
    if kind >= _FIRST_BLOB:
        size = (kind - _FIRST_BLOB) // 2
        blob = record[place : place + size]
        return size, blob.decode("utf-8", "replace") if kind & 1 else blob
    if kind == 0:
        return 0, None
    if kind in {_ONE - 1, _ONE}:
        return 0, kind - _ONE + 1
    if kind == _REAL:
        return 8, float(struct.unpack_from(">d", record, place)[0])
    size = _INTEGER_SIZES[kind]
    return size, int.from_bytes(record[place : place + size], "big", signed=True)
