"""Tables at every width: no line is folded, and no handle is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gearman_tx.cli.columns import COLUMNS, columns
from gearman_tx.cli.jobs import COLUMNS as JOBS
from gearman_tx.cli.table import Row, table_lines

JOB: Row = {
    "handle": "H:web1:26032",
    "function": "resize",
    "unique": "photo-12",
    "state": "running",
    "priority": "normal",
    "background": True,
    "age": 3700,
    "losses": 0,
    "size": 2048,
    "progress": {"numerator": 1, "denominator": 4},
    "due_in": None,
    "worker": "web1:4242",
}


def table(*rows: Row, room: int | None) -> list[str]:
    """Return the table of jobs."""
    return list(table_lines(columns(JOBS), rows, room=room, has_headings=True))


def test_wide() -> None:
    """Without a limit each column is shown whole."""
    headings, first, second = table(JOB, {**JOB, "unique": "u" * 70}, room=None)
    after = "  State    Priority  Background    Age  Losses  Size  Progress  Due in  Worker"
    assert headings == f"Handle        Function  {'Unique':70}{after}"
    after = "  running  normal    yes         1h 1m       0  2.0K       1/4       -  web1:4242"
    assert first == f"H:web1:26032  resize    {'photo-12':70}{after}"
    assert second == f"H:web1:26032  resize    {'u' * 70}{after}"


def test_at_80_columns() -> None:
    """The least important columns are left out, and a long unique is cut."""
    assert table(JOB, {**JOB, "unique": "u" * 70}, room=80) == [
        "Handle        Function  Unique                   State      Age  Size  Worker",
        "H:web1:26032  resize    photo-12                 running  1h 1m  2.0K  web1:4242",
        "H:web1:26032  resize    uuuuuuuuuuuuuuuuuuuuuu…  running  1h 1m  2.0K  web1:4242",
    ]


def test_at_40_columns() -> None:
    """The handle, the function and the state remain."""
    assert table(JOB, room=40) == [
        "Handle        Function  State      Age",
        "H:web1:26032  resize    running  1h 1m",
    ]


def test_a_long_function_on_a_narrow_terminal() -> None:
    """The function is cut, the handle is not."""
    job = {**JOB, "function": "Company::Department::Images::Resize"}
    assert table(job, room=30) == ["Handle        Function", "H:web1:26032  Company::Depart…"]


def test_wide_letters() -> None:
    """A letter that takes two cells is counted as two, and never halved."""
    job = {**JOB, "function": "写真" * 20, "unique": ""}
    (_, line) = table(job, room=60)
    assert cell_len(line) <= 60
    assert "真" in line
    assert "…" in line


@given(
    st.integers(1, 200),
    st.lists(
        st.fixed_dictionaries(
            {
                name: st.integers(0, 10**9) if COLUMNS[name].is_number else st.text(max_size=80)
                for name in JOBS
                if name not in {"handle", "progress"}
            },
            optional={},
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_any_cells_at_any_width(room: int, rows: list[dict[str, object]]) -> None:
    """No line is longer than the terminal, unless handle and function alone are."""
    jobs = [
        {**row, "handle": f"H:web1:{number}", "progress": None} for number, row in enumerate(rows)
    ]
    lines = table(*jobs, room=room)
    assert len(lines) == len(rows) + 1
    assert all(cell_len(line) <= max(room, len("H:web1:0  func")) for line in lines)
    assert all(line.startswith(f"H:web1:{number}") for number, line in enumerate(lines[1:]))
    assert all("\n" not in line for line in lines)


def test_a_long_table_has_batches() -> None:
    """The rows are asked for as they are printed; a later batch may have wider columns."""
    asked = []

    def rows() -> object:
        for number in range(2500):
            asked.append(number)
            yield {**JOB, "handle": f"H:web1:{number}"}

    lines = table_lines(columns(JOBS), rows(), room=None, has_headings=True)  # type: ignore[arg-type]  # rows() is an iterator
    assert next(lines).startswith("Handle")
    assert len(asked) == 1000
    rest = list(lines)
    assert len(rest) == 2500
    assert rest[1].startswith("H:web1:1    resize")
    assert rest[2000].startswith("H:web1:2000  resize")


def test_nothing() -> None:
    """A table without rows has no headings either."""
    assert table(room=80) == []
