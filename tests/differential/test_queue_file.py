"""The named scripts again, with our queue in a file, which is the default."""

from __future__ import annotations

from typing import Final

import pytest

from tests.differential.conftest import PairMaker
from tests.differential.player import play_script
from tests.differential.script_files import Script, read_scripts

NOT_STORED_YET: Final = "text and binary mixed in one breath are answered in order"
"""It asks for a report before its submission is answered, so the report lacks the job."""

PERHAPS_STORED: Final = "closing in the same breath as a submission keeps a background job"
"""It asks on another connection before the answer, so the job may be there or not."""

SCRIPTS: Final = [
    script for script in read_scripts() if not script.bugs and script.name != PERHAPS_STORED
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.file}: {script.name}")
def test_a_queue_file_makes_no_difference_to_peers(script: Script, pair_maker: PairMaker) -> None:
    """Replies, their order and reports are those of the queue in memory, but for stored jobs."""
    ours = (*script.server_options("tx"), "--queue-type=sqlite")
    pair = pair_maker(script.server_options("C"), ours)
    if script.name == NOT_STORED_YET:
        with pytest.raises(AssertionError, match=r'<tx "f\\t0\\t0\\t0\\n"'):
            play_script(script, pair)
        return
    play_script(script, pair)
