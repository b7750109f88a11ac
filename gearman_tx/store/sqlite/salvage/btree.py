"""Walk the trees in a damaged SQLite file: find the leaves of a table, and the rows of a leaf.

A row that is too long for its page goes on in a chain of overflow pages.

The format is described at https://sqlite.org/fileformat2.html#b_tree_pages.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from gearman_tx.store.sqlite.salvage.pages import FILE_HEADER
from gearman_tx.store.sqlite.salvage.record import BAD_RECORD, decode_record, read_varint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.store.sqlite.salvage.pages import DamagedPages
    from gearman_tx.store.sqlite.salvage.record import Value

INNER_OF_TABLE: Final = 0x05
"""The type of a page that leads to the leaves of a table."""

LEAF_OF_TABLE: Final = 0x0D
"""The type of a page with rows that have a rowid."""

LEAF_OF_INDEX: Final = 0x0A
"""The type of a page with rows of an index, or of a table without rowids."""

INNER_OF_INDEX: Final = 0x02
"""The type of a page with such rows between which it leads to other pages."""

_INNER_HEADER: Final = 12
_LEAF_HEADER: Final = 8
_CHILD: Final = 4  # bytes of the number of the page that an inner cell leads to


def page_type(number: int, page: bytes) -> int:
    """Return the type of a page, 0 if it cannot be read."""
    return page[_start(number)] if page else 0


def find_leaves(pages: DamagedPages, root: int) -> set[int] | None:
    """Return the leaf pages of the table at ``root``, or None if a page above them is damaged."""
    todo = [root]
    leaves: set[int] = set()
    inner: set[int] = set()
    while todo:
        number = todo.pop()
        page = pages.page(number)
        kind = page[0] if page else 0
        if kind == LEAF_OF_TABLE:
            leaves.add(number)
        elif kind == INNER_OF_TABLE and number not in inner:
            inner.add(number)
            todo += _children(page)
        else:
            return None
    return leaves


def read_rows(pages: DamagedPages, number: int) -> Iterator[tuple[int, list[Value]]]:
    """Yield the rowid, 0 in an index, and the values of each readable row of a page."""
    page, start = pages.page(number), _start(number)
    has_rowid = page[start] == LEAF_OF_TABLE
    is_inner = page[start] == INNER_OF_INDEX
    for cell in _cells(page, start, _INNER_HEADER if is_inner else _LEAF_HEADER):
        try:
            size, place = read_varint(page, cell + _CHILD if is_inner else cell)
            rowid = 0
            if has_rowid:
                rowid, place = read_varint(page, place)
            payload = _payload(pages, page, place, size, has_rowid=has_rowid)
            yield rowid, decode_record(payload)
        except BAD_RECORD:
            continue


def _start(number: int) -> int:
    """Return where the contents of a page begin."""
    return FILE_HEADER if number == 1 else 0


def _children(page: bytes) -> list[int]:
    """Return the pages below an inner page."""
    (last,) = struct.unpack_from(">I", page, 8)
    cells = _cells(page, 0, _INNER_HEADER)
    return [*(int.from_bytes(page[cell : cell + 4], "big") for cell in cells), last]


def _cells(page: bytes, start: int, header: int) -> list[int]:
    """Return the places where the cells of a page begin."""
    (count,) = struct.unpack_from(">H", page, start + 3)
    first = start + header
    places = page[first : min(first + 2 * count, len(page) - 1)]
    return [place for (place,) in struct.iter_unpack(">H", places[: len(places) & ~1])]


def _payload(pages: DamagedPages, page: bytes, place: int, size: int, *, has_rowid: bool) -> bytes:
    """Return the bytes of a row, from its page and its overflow pages.

    Raises:
        ValueError: some of them are missing.
    """
    usable = pages.usable
    most = usable - 35 if has_rowid else (usable - 12) * 64 // 255 - 23
    here = size
    if size > most:
        least = (usable - 12) * 32 // 255 - 23
        here = least + (size - least) % (usable - 4)
        if here > most:
            here = least
    parts = [page[place : place + here]]
    left = size - len(parts[0])
    following = page[place + here : place + here + 4]
    while left > 0:
        overflow = pages.page(int.from_bytes(following, "big"))
        if not overflow:
            raise ValueError("the chain of overflow pages is broken")
        parts.append(overflow[4 : min(usable, 4 + left)])
        left -= len(parts[-1])
        following = overflow[:4]
    return b"".join(parts)
