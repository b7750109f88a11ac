"""The notation of scripts and failures loses nothing."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from tests.differential.notation import read_body, read_item, write_body, write_item
from tests.differential.packets import RESPONSE
from tests.differential.script_files import FOLDER, read_scripts
from tests.differential.steps import Due, Item, Job, Packet, Raw, Send, Text, join

bodies = st.lists(
    st.one_of(
        st.binary(min_size=1), st.builds(Job, st.integers(1, 99)), st.builds(Due, st.integers(0, 9))
    )
).map(lambda pieces: join(tuple(pieces)))
items = st.one_of(
    st.builds(Packet, st.integers(0, 60), bodies),
    st.builds(Packet, st.integers(0, 60), bodies, st.just(RESPONSE)),
    st.builds(Text, bodies),
    st.builds(Raw, st.binary()),
)


@given(bodies)
def test_a_body_is_read_as_it_was_written(body: tuple[bytes | Job | Due, ...]) -> None:
    """Writing and reading give the same pieces, so two bodies that read alike are alike."""
    assert read_body(write_body(body)) == body


@given(items)
@example(Packet(1, (b"a ",)))
def test_an_item_is_read_as_it_was_written(item: Item) -> None:
    """Packets of any number and magic, text lines and raw bytes survive the notation."""
    assert read_item(write_item(item)) == item


def test_a_repetition_is_written_out() -> None:
    """``{3*u}`` means ``uuu``."""
    assert read_body("a|{3*u}") == (b"a\0uuu",)


def test_every_line_of_the_script_files_is_in_the_notation() -> None:
    """All files are read, no two scripts share a name, and none is empty."""
    scripts = read_scripts()
    assert {script.file for script in scripts} == {file.stem for file in FOLDER.glob("*.txt")}
    assert len({script.name for script in scripts}) == len(scripts)
    assert all(isinstance(step, Send) for script in scripts for step in script.steps[:1])
