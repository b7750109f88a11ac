"""Where the columns of a table stand: their widths, and what a narrow terminal shows of them.

A line is never folded. If it is too long for the terminal, columns that may be cut become narrower
first, down to a width at which they are still of use; then the least important columns are left
out; only then are the others cut further. A handle is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen
from rich.cells import cell_len, set_cell_size

from gearman_tx.cli.columns import ALWAYS, Column

GAP: Final = "  "
_USEFUL: Final = 16  # cells of a name that is cut, while other columns can be left out
_LEAST: Final = 4
_MORE: Final = "…"


def width_of(cells: Sequence[str]) -> int:
    """Return the width of the longest cell, in cells of a terminal."""
    if all(map(str.isascii, cells)):
        return max(map(len, cells))
    return max(map(cell_len, cells))


@frozen
class Layout:
    """The columns that are shown, with their widths.

    Attributes:
        shown: the positions of the columns.
        widths: their widths, in cells of a terminal.
        rights: whether they are aligned to the right.
    """

    shown: tuple[int, ...]
    widths: tuple[int, ...]
    rights: tuple[bool, ...]

    def lines(self, columns: Sequence[Sequence[str]]) -> list[str]:
        """Return lines, without blanks at their ends, from the cells of all columns."""
        aligned = [
            _aligned(columns[position], width, is_right=right)
            for position, width, right in zip(self.shown, self.widths, self.rights, strict=True)
        ]
        return [GAP.join(cells).rstrip(" ") for cells in zip(*aligned, strict=True)]


def _aligned(cells: Sequence[str], width: int, *, is_right: bool) -> list[str]:
    """Return the cells of a column, all of the same width."""
    if all(map(str.isascii, cells)) and max(map(len, cells)) <= width:
        return [cell.rjust(width) if is_right else cell.ljust(width) for cell in cells]
    fitting = [cell if cell_len(cell) <= width else _cut(cell, width) for cell in cells]
    blanks = [" " * (width - cell_len(cell)) for cell in fitting]
    if is_right:
        fitting, blanks = blanks, fitting
    return list(map(str.__add__, fitting, blanks))


def lay_out(columns: Sequence[Column], natural: Sequence[int], room: int | None) -> Layout:
    """Return the layout of a table.

    Args:
        columns: its columns.
        natural: the width of the longest cell of each column, the heading included.
        room: the width of the terminal; None shows everything.
    """
    positions = range(len(columns))
    if room is None:
        return _layout(columns, positions, natural)
    least = [
        min(width, max(_USEFUL, len(column.title))) if column.may_be_cut else width
        for column, width in zip(columns, natural, strict=True)
    ]
    shown = list(positions)
    while _length(shown, least) > room:
        lowest = max(shown, key=lambda position: (columns[position].rank, position))
        if columns[lowest].rank == ALWAYS:
            break
        shown.remove(lowest)
    cut = [position for position in shown if columns[position].may_be_cut]
    widths = list(least)
    _give(cut, widths, natural, room - _length(shown, least))
    _take(cut, widths, _length(shown, widths) - room)
    return _layout(columns, shown, widths)


def _layout(columns: Sequence[Column], shown: Sequence[int], widths: Sequence[int]) -> Layout:
    return Layout(
        tuple(shown),
        tuple(widths[position] for position in shown),
        tuple(columns[position].is_number for position in shown),
    )


def _length(shown: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[position] for position in shown) + len(GAP) * (len(shown) - 1)


def _give(cut: Sequence[int], widths: list[int], natural: Sequence[int], spare: int) -> None:
    """Share spare room between the columns that are cut, the narrowest first."""
    while spare > 0:
        needy = [position for position in cut if widths[position] < natural[position]]
        if not needy:
            return
        widths[min(needy, key=lambda position: widths[position])] += 1
        spare -= 1


def _take(cut: Sequence[int], widths: list[int], missing: int) -> None:
    """Take missing room from the columns that may be cut, the widest first."""
    while missing > 0 and cut:
        widest = max(cut, key=lambda position: widths[position])
        if widths[widest] <= _LEAST:
            return
        widths[widest] -= 1
        missing -= 1


def _cut(cell: str, width: int) -> str:
    return set_cell_size(cell, width - 1) + _MORE
