"""Shells with a terminal, at which a test types and presses the Tab key."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path
from typing import Final

from attrs import define

from tests.cli.programs import environment
from tests.daemon.process import BIN, WAIT_SECONDS
from tests.support.peers import require_program

_HOME_KEY: Final = "\x01"  # as in Emacs: to the beginning of the line
_TAB: Final = "\t"
_START: Final = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
}
_SETUP: Final = {
    "bash": 'bind "set bell-style none"; eval "$(gearman-tx completion bash)"',
    "zsh": 'bindkey -e; autoload -U compinit; compinit -u -D; eval "$(gearman-tx completion zsh)"',
}


@define(eq=False)
class Shell:
    """One shell, its process and its terminal.

    Attributes:
        process: its process.
        terminal: the descriptor of the terminal's other end.
        output: everything that it has written.
    """

    process: subprocess.Popen[bytes]
    terminal: int
    output: str = ""

    def complete(self, line: str) -> str:
        """Type ``line``, press Tab, and return the line that the shell made of it."""
        # The shell reads the keys one after the other: when it sees Home, the completion is over.
        before = len(self.output)
        self._type(f"{line}{_TAB}{_HOME_KEY}echo @''@ '\x05'\r")
        return self._until("@@ ", before)

    def run(self, command: str) -> None:
        """Run a command of the shell to its end."""
        before = len(self.output)
        self._type(f"{command}; echo @''@ end\r")
        self._until("@@ ", before)

    def _type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def _until(self, mark: str, begin: int) -> str:
        """Return the line that begins with ``mark``."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for line in self.output[begin:].splitlines(keepends=True):
                if line.startswith(mark) and line.endswith("\n"):
                    return line.removeprefix(mark).strip()
            left = deadline - time.monotonic()
            assert left > 0, f"no line with {mark!r}: {self.output!r}"
            if select.select([self.terminal], [], [], left)[0]:
                self.output += os.read(self.terminal, 65536).decode(errors="replace")

    def close(self) -> None:
        """End the shell."""
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


def start_shell(name: str, folder: Path, **variables: str) -> Shell:
    """Start a shell in which ``gearman-tx`` is completed."""
    program = require_program(name, f"apt-get install {name}")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [program, *_START[name]],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment(
            PATH=f"{BIN}:{os.environ['PATH']}",
            HOME=str(folder),
            TERM="dumb",
            LC_ALL="C.UTF-8",
            PS1="> ",
            INPUTRC="/dev/null",
            **variables,
        ),
        start_new_session=True,
    )
    os.close(theirs)
    shell = Shell(process, ours)
    shell.run(_SETUP[name])
    return shell
