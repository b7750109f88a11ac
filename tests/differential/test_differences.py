"""The list of allowed differences has no dead entry and no unknown name."""

from __future__ import annotations

from collections import Counter

from tests.differential.differences import DIFFERENCES
from tests.differential.script_files import read_scripts


def test_names_are_given_once() -> None:
    """No two entries share a name."""
    counts = Counter(difference.name for difference in DIFFERENCES)
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_difference_is_shown_by_a_script_and_every_script_names_known_ones() -> None:
    """The names in the scripts and in the list are the same."""
    named = {name for script in read_scripts() for name in script.differs}
    assert named == {difference.name for difference in DIFFERENCES}


def test_a_script_that_shows_a_difference_writes_both_answers_down() -> None:
    """A script with ``!differs`` has at least one step whose two answers differ."""
    silent = [
        script.name
        for script in read_scripts()
        if script.differs and all(step.c == step.tx for step in script.expected.values())
    ]
    assert silent == []


def test_every_text_is_a_sentence_for_the_documentation() -> None:
    """The texts begin with a capital, a literal or a number and end with a full stop."""
    for difference in DIFFERENCES:
        for text in (difference.c, difference.ours, difference.why):
            assert text.endswith("."), difference.name
            assert text[0].isupper() or text.startswith("``") or text[0].isdigit(), difference.name
