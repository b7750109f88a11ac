"""A reader who types what a page says, in a folder, with a job server where the page means 4730.

A command of a console block runs in a shell. What the page shows below it must be what it prints:
columns may be set apart in any way, ``...`` stands for anything, ``myhost`` for this machine's name
and the number of a handle or of a process for any other.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import Factory, define

from tests.docs.blocks import read_block, read_blocks, read_commands
from tests.interop.peer_process import Outcome, PeerProcess, PeerRunner

BIN: Final = Path(sys.executable).parent
_INSTALLED: Final = re.compile(r"(?:/opt/gearman-tx|(?<![\w/.])venv)/bin/")
_SERVER: Final = re.compile(r"\b(twistd) -n gearmand\b(?: --listen localhost)?(?! --listen)")
_ADMIN: Final = re.compile(r"\bgearadmin\b")  # knows no variable for the server
_PLACES: Final = {"H:myhost:1": r"H:\S+:\d+", "4242": r"\d+", "...": r".*"}
_PLACE: Final = re.compile(r"H:myhost:\d+|4242|\.\.\.")


@define(eq=False)
class Reader:
    """Someone with a page, a folder and terminals.

    Attributes:
        page: the page, below the root of the checkout.
        port: where the job server is.
        terminals: starts programs, in the reader's folder.
        words: what is typed in the place of words of the page.
        variables: set in each terminal.
        programs: where the programs of the environment are.
    """

    page: str
    port: int
    terminals: PeerRunner
    words: Mapping[str, str] = Factory(dict)
    variables: Mapping[str, str] = Factory(dict)
    programs: Path = BIN

    @property
    def folder(self) -> Path:
        """Where commands run and files are saved."""
        return self.terminals.folder

    def own(self, text: str) -> str:
        """Return ``text`` as this reader has to write it: other port, other places."""
        text = _SERVER.sub(r"\1 -n --pidfile= gearmand --listen=127.0.0.1", text)
        text = _ADMIN.sub(f"gearadmin -h 127.0.0.1 -p {self.port}", text)
        text = _INSTALLED.sub(f"{self.programs}/", text.replace("4730", str(self.port)))
        for word, mine in self.words.items():
            text = text.replace(word, mine)
        return text

    def save(self, name: str, file: str) -> Path:
        """Save the block, or the blocks one after the other, under the name of a file."""
        path = self.folder / file
        path.write_text(self.own("\n\n".join(read_blocks(self.page, name))), encoding="utf-8")
        return path

    def run(self, name: str, stdin: bytes = b"", status: int = 0) -> list[Outcome]:
        """Run each command of a block to its end, and check what it prints.

        Args:
            name: the block's name.
            stdin: what is typed into each of them.
            status: the exit status of the last; the others end with 0.
        """
        outcomes = []
        commands = read_commands(self.page, name)
        for number, (command, shown) in enumerate(commands, 1):
            expected = status if number == len(commands) else 0
            outcome = self._shell(command, stdin).succeed(status=expected)
            if shown:
                said = (outcome.out + outcome.err).decode(errors="replace")
                assert is_like(self.own("\n".join(shown)), said), f"{command} printed:\n{said}"
            outcomes.append(outcome)
        return outcomes

    def start(self, name: str) -> list[PeerProcess]:
        """Start each command of a block in a terminal of its own, and leave it running."""
        return [self._shell(command) for command, _ in read_commands(self.page, name)]

    def type(self, command: str, stdin: bytes = b"", status: int = 0) -> Outcome:
        """Run a command that the page does not have."""
        return self._shell(command, stdin).succeed(status=status)

    def begin(self, command: str) -> PeerProcess:
        """Start a command that the page does not have, and leave it running."""
        return self._shell(command)

    def code(self, name: str) -> str:
        """Return the code of a block, as this reader has to write it."""
        return self.own(read_block(self.page, name))

    def _shell(self, command: str, stdin: bytes = b"") -> PeerProcess:
        # libgearman adds this variable's servers to those of the program, and PHP clients that know
        # one server twice wait forever now and then.
        servers = {"GEARMAN_SERVERS": f"127.0.0.1:{self.port}"} if "gearman-tx" in command else {}
        return self.terminals.start(
            ["sh", "-c", self.own(command)],
            stdin,
            {
                "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "GEARMAND_PORT": str(self.port),
                "GEARMAN_SERVER": f"127.0.0.1:{self.port}",
                "PYTHONUNBUFFERED": "1",
                **servers,
                **self.variables,
            },
        )


def is_like(shown: str, said: str) -> bool:
    """Return whether a program said what a page shows."""

    def pattern(line: str) -> str:
        parts, end = [], 0
        for found in _PLACE.finditer(line):
            parts.append(re.escape(line[end : found.start()]))
            parts.append(_PLACES.get(found[0], _PLACES["H:myhost:1"]))
            end = found.end()
        return "".join([*parts, re.escape(line[end:])])

    wanted = [" ".join(line.split()) for line in shown.splitlines() if line.strip()]
    got = [" ".join(line.split()) for line in said.splitlines() if line.strip()]
    lines = [r"(?:.*\n)*" if line == "..." else f"{pattern(line)}\n" for line in wanted]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in got)) is not None
