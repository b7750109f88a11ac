"""hypothesis' scripts, played to the C server and to ours: every answer is alike."""

from __future__ import annotations

from hypothesis import event, given, reject

from tests.differential.common_ground import FAULTS
from tests.differential.conftest import PairMaker
from tests.differential.differences import DIFFERENCES
from tests.differential.generated import play_generated
from tests.differential.idioms import scripts
from tests.differential.modes import examples
from tests.differential.player import Pair
from tests.differential.script_files import read_scripts
from tests.differential.side import Observation, ServerDied
from tests.differential.steps import Step
from tests.differential.view import View


def _play(script: list[Step], pair: Pair, retries: int = 0) -> None:
    known = {difference.name for difference in DIFFERENCES} | set(FAULTS)
    try:
        _, left = play_generated(script, pair, retries)
    except ServerDied as death:
        if str(death) != "C":
            raise
        event("the C server died")
        reject()
    for entry in left:
        assert entry in known
        event(f"left out: {entry}")


@examples(250)
@given(scripts)
def test_generated_scripts_are_answered_alike(pair: Pair, script: list[Step]) -> None:
    """Whatever the connections do in whatever order, ours answers as the C server."""
    _play(script, pair)


@examples(100)
@given(scripts)
def test_generated_scripts_are_answered_alike_with_two_retries(
    pair_maker: PairMaker, script: list[Step]
) -> None:
    """With a limit of two losses the same jobs fail at the same moment."""
    _play(script, pair_maker(("--job-retries=2",), ("--job-retries=2",)), retries=2)


def _unchanged(_view: View, _step: Step, seen: Observation) -> Observation:
    return seen


@examples(40)
@given(scripts)
def test_the_c_server_answers_generated_scripts_as_it_does_itself(
    same_server: Pair, script: list[Step]
) -> None:
    """What the C server answers does not depend on chance, so a difference is a difference."""
    play_generated(script, same_server, translated=_unchanged)


def test_every_fault_that_scripts_go_around_is_shown_by_a_named_script() -> None:
    """A fault that was mended is gone round no longer."""
    shown = {bug for script in read_scripts() for bug in script.bugs}
    assert set(FAULTS) <= shown
