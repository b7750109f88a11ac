"""The table of the protocol is complete, ordered and agrees with the protocol text."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_tx import wire
from gearman_tx.wire import (
    BY_TYPE,
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    PACKETS,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    Packet,
    PacketType,
    Sender,
)

UNUSED = {0, 5}
"""The numbers below the last that the protocol gives to no packet."""

ANSWERS = {
    "NOOP",
    "JOB_CREATED",
    "NO_JOB",
    "JOB_ASSIGN",
    "ECHO_RES",
    "ERROR",
    "STATUS_RES",
    "OPTION_RES",
    "JOB_ASSIGN_UNIQ",
    "JOB_ASSIGN_ALL",
    "STATUS_RES_UNIQUE",
}
"""What only the server sends."""

RELAYED = {
    "WORK_STATUS",
    "WORK_COMPLETE",
    "WORK_FAIL",
    "WORK_EXCEPTION",
    "WORK_DATA",
    "WORK_WARNING",
}
"""What workers send and the server passes on."""


def test_the_magics_are_the_protocols() -> None:
    """Requests carry NUL REQ, responses NUL RES, in a header of twelve bytes."""
    assert (REQUEST_MAGIC, RESPONSE_MAGIC, HEADER_SIZE) == (b"\0REQ", b"\0RES", 12)


def test_every_number_but_the_unused_ones_has_one_row() -> None:
    """The rows are the numbers 1 to 42 without 5, in order, and each one once."""
    numbers = [int(row.type) for row in PACKETS]
    assert numbers == [n for n in range(LAST_PACKET_TYPE + 1) if n not in UNUSED]


def test_every_name_has_one_row() -> None:
    """No packet type is left out of the table."""
    assert [row.type for row in PACKETS] == sorted(PacketType)


@pytest.mark.parametrize("number", sorted(UNUSED))
def test_unused_numbers_have_no_row(number: int) -> None:
    """0 and 5 are no packets."""
    assert number not in BY_TYPE


def test_rows_are_found_by_plain_numbers() -> None:
    """The index is over the numbers as they come from the wire."""
    assert {number: row.type.name for number, row in BY_TYPE.items()} == {
        row.type.value: row.type.name for row in PACKETS
    }


@pytest.mark.parametrize("row", PACKETS, ids=lambda row: row.type.name)
def test_argument_names_tell_arguments_apart(row: Packet) -> None:
    """The names of one packet's arguments are different identifiers."""
    assert len(set(row.arguments)) == len(row.arguments)
    assert all(name.isidentifier() for name in row.arguments)


@pytest.mark.parametrize("row", PACKETS, ids=lambda row: row.type.name)
def test_each_packet_goes_the_way_that_the_protocol_says(row: Packet) -> None:
    """Answers come from the server, WORK packets go both ways, all others go to the server."""
    name = row.type.name
    assert row.from_server is (name in ANSWERS | RELAYED)
    assert row.to_server is (name not in ANSWERS)
    assert (row.sender is Sender.RELAYED) is (name in RELAYED)


@pytest.mark.parametrize(
    ("packet_type", "names"),
    [
        (PacketType.SUBMIT_REDUCE_JOB, "function unique reducer unused workload"),
        (PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, "function unique reducer unused workload"),
        (PacketType.STATUS_RES_UNIQUE, "unique known running numerator denominator clients"),
        (PacketType.JOB_ASSIGN_ALL, "handle function unique reducer workload"),
        (
            PacketType.SUBMIT_JOB_SCHED,
            "function unique minute hour day_of_month month day_of_week workload",
        ),
    ],
)
def test_the_table_follows_the_c_server_where_the_text_is_wrong(
    packet_type: PacketType, names: str
) -> None:
    """Reduce jobs have five fields, and a unique status starts with the unique."""
    assert BY_TYPE[packet_type].arguments == tuple(names.split())


def test_the_door_of_the_room_lists_what_it_offers() -> None:
    """``__all__`` is sorted as ruff sorts it and names only what is there."""
    assert all(hasattr(wire, name) for name in wire.__all__)
    assert len(set(wire.__all__)) == len(wire.__all__)


def test_the_room_is_typed() -> None:
    """The package tells type checkers that its annotations count."""
    assert (Path(wire.__file__).parents[1] / "py.typed").exists()
