"""Rows on stdout in a form for programs: TSV, JSON or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from gearman_tx.cli.columns import Column
from gearman_tx.cli.formats import as_json, as_plain
from gearman_tx.cli.table import Row, print_lines

TABLE: Final = "table"
TSV: Final = "tsv"
JSON: Final = "json"
JSON_LINES: Final = "jsonl"
FORMATS: Final = (TABLE, TSV, JSON, JSON_LINES)
"""What ``--output`` takes, the default first."""


def print_rows(
    form: str, columns: Sequence[Column], rows: Iterable[Row], *, is_one_line: bool = False
) -> None:
    """Print rows for a program.

    Args:
        form: ``tsv``, without headings; ``json``, a list with a line for each row; or ``jsonl``.
        columns: the columns of TSV; JSON has all values of a row.
        rows: the rows.
        is_one_line: whether a list in JSON is one line.
    """
    if form == TSV:
        print_lines("\t".join([as_plain(row[column.name]) for column in columns]) for row in rows)
    elif form == JSON_LINES:
        print_lines(map(json_object, rows))
    elif is_one_line:
        click.echo(f"[{', '.join(map(json_object, rows))}]")
    else:
        print_lines(_list_lines(rows))


def print_names(columns: Sequence[Column]) -> None:
    """Print the headings of TSV."""
    click.echo("\t".join(column.name for column in columns))


def json_object(row: Row) -> str:
    """Return a row as a JSON object on one line."""
    return json.dumps({key: as_json(value) for key, value in row.items()}, ensure_ascii=False)


def _list_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a list in JSON, a line for each row."""
    last = None
    for row in rows:
        yield "[" if last is None else f"{last},"
        last = f"  {json_object(row)}"
    if last is None:
        yield "[]"
    else:
        yield from (last, "]")
