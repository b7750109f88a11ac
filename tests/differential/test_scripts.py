"""The named scripts, each played to the C server and to ours."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.differential.conftest import PairMaker
from tests.differential.player import play_script
from tests.differential.script_files import Script, read_scripts

SCRIPTS: Final = read_scripts()


def _parameter(script: Script) -> Any:
    marks = [pytest.mark.xfail(reason="; ".join(script.bugs), strict=True)] if script.bugs else []
    return pytest.param(script, id=f"{script.file}: {script.name}", marks=marks)


@pytest.mark.parametrize("script", [_parameter(script) for script in SCRIPTS])
def test_both_servers_answer_as_the_script_says(script: Script, pair_maker: PairMaker) -> None:
    """Every step is answered alike, or as written down for a difference that the script names."""
    pair = pair_maker(script.server_options("C"), script.server_options("tx"))
    transcript = play_script(script, pair)
    assert script.differs or not transcript.differences, f"{script.name}\n{transcript}"
