"""The named scripts again, with our queue in a file, which is the default."""

from __future__ import annotations

from typing import Final

import pytest

from tests.differential.conftest import PairMaker
from tests.differential.player import play_script
from tests.differential.script_files import Script, read_scripts

NOT_STORED_YET: Final = "text and binary mixed in one breath are answered in order"
"""It asks for a report before its submission is answered, so the report lacks the job."""

STORED_IN_TIME: Final = "a burst cut into single bytes is the same burst"
"""It does so too, but takes so long that the job is usually stored when the report is asked for."""

WITHOUT_THE_JOB: Final = """\
client <C ".\\n"
client <C JOB_CREATED {1}
client <C STATUS_RES_UNIQUE u|1|0|0|0|0
client <C ECHO_RES abc
client <C "u\\n"
client <C ".\\n"
client <tx ".\\n"
client <tx JOB_CREATED {1}
client <tx STATUS_RES_UNIQUE u|1|0|0|0|0
client <tx ECHO_RES abc
client <tx ".\\n"
--- expected:
"""
"""The answers when the disk is slow: they differ in the report alone."""

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
    try:
        play_script(script, pair)
    except AssertionError as error:
        if script.name != STORED_IN_TIME or WITHOUT_THE_JOB not in str(error):
            raise
