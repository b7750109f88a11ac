"""The harness itself: a server shows no difference from itself, and an answer is never lost."""

from __future__ import annotations

import pytest

from tests.differential.player import Pair, play_script
from tests.differential.script_files import Script, read_scripts
from tests.differential.steps import Await

COMPARABLE = [
    script
    for script in read_scripts()
    if script.file != "1.6-malformed"
    and not any(script.options.values())
    and not any(isinstance(step, Await) for step in script.steps)
]
"""Scripts without deaths, waiting for time or options of their own."""


def test_the_c_server_never_differs_from_itself(same_server: Pair) -> None:
    """What the C server answers is certain, and the harness compares it without losing any."""
    for script in COMPARABLE:
        plain = Script(script.name, script.file, steps=script.steps)
        if "half-close-answered" not in script.differs:
            play_script(plain, same_server)


def test_a_difference_is_found_and_printed_in_the_notation(same_server: Pair) -> None:
    """A wrong expectation fails, and the message holds the step and both answers."""
    script = next(script for script in COMPARABLE if script.expected)
    number, expected = next(iter(script.expected.items()))
    wrong = Script(script.name, script.file, steps=script.steps)
    wrong.expected[number] = type(expected)({"nobody": ["NOOP"]}, {"nobody": ["NO_JOB"]})
    with pytest.raises(AssertionError, match=r"(?s)nobody <C NOOP\nnobody <tx NO_JOB"):
        play_script(wrong, same_server)
