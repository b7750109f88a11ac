"""The table of job servers: ours, compiled and not, the C server by threads, and the floor.

The C server is the one that Debian packages. Its default is four threads; which number is best
depends on the work, so all of them play and their best has a column of its own. The floor does
only a job's system calls.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import settings
from benchmarks.job_servers.certificate import write_certificate
from benchmarks.job_servers.compiled_package import compiled_package
from benchmarks.job_servers.programs import compiled
from benchmarks.job_servers.server import Server, serving
from benchmarks.kind import Kind

Words: TypeAlias = Callable[[str, Path, int], list[str]]

OURS: Final = "ours"
COMPILED: Final = "compiled"
C: Final = "c"
FLOOR: Final = "floor"

C_DEFAULT: Final = "c-t4"
C_BEST: Final = "c-best"
C_THREADS: Final = (4, 0, 1, 2)

QUEUE: Final = "queue.sqlite3"
CERTIFICATE: Final = "server.pem"


@frozen
class ServerContender:
    """A job server that is measured.

    Attributes:
        name: what it is called on the command line and in JSON.
        title: what it is called in a table.
        family: ``ours``, ``c`` or ``floor``.
        words: makes its command line from a setting, its folder and its port.
        settings: the settings that it has.
        missing: why it cannot be started here, or None.
    """

    name: str
    title: str
    family: str
    words: Words
    settings: frozenset[str]
    missing: str | None = None

    def absence(self, kind: Kind[Server]) -> str | None:
        """Return why it takes no part in ``kind``, or None if it does."""
        if self.missing is not None:
            return self.missing
        for name in (self.name, self.family):
            if name in kind.without:
                return kind.without[name]
        setting = kind.setting or settings.MEMORY
        return None if setting in self.settings else f"has no such queue or port: {setting}"

    @contextlib.contextmanager
    def open(self, kind: Kind[Server], folder: Path) -> Iterator[Server]:
        """Start it as ``kind`` wants it, and stop it at the end."""
        setting = kind.setting or settings.MEMORY
        if setting == settings.TLS:
            write_certificate(folder / CERTIFICATE)

        def command(port: int) -> list[str]:
            return self.words(setting, folder, port)

        server = Server(self.name, self.family, command, folder, setting == settings.TLS)
        with serving(server):
            yield server


_SQLITE: Final = ("--queue-type=sqlite", f"--sqlite-path={QUEUE}")

_OUR_OPTIONS: Final[Mapping[str, Sequence[str]]] = {
    settings.MEMORY: ("--queue-type=builtin",),
    settings.DURABLE: _SQLITE,
    settings.NORMAL: (*_SQLITE, "--sqlite-synchronous=normal"),
    settings.WAKES_ALL: ("--queue-type=builtin", "--worker-wakeup=0"),
    settings.USUAL_COLLECTOR: ("--queue-type=builtin",),
    settings.TLS: ("--queue-type=builtin",),
}
_USUAL_COLLECTOR: Final = Path(__file__).with_name("usual_collector.py")
_TLS_ENDPOINT: Final = "ssl:{port}:interface=127.0.0.1:privateKey={pem}:certKey={pem}:backlog=1024"


def _ours(command: Sequence[str]) -> Words:
    def words(setting: str, folder: Path, port: int) -> list[str]:
        listen = ["--listen=127.0.0.1", f"--port={port}"]
        if setting == settings.TLS:
            listen = [f"--endpoint={_TLS_ENDPOINT.format(port=port, pem=folder / CERTIFICATE)}"]
        program = command
        if setting == settings.USUAL_COLLECTOR:
            instead = [sys.executable, str(_USUAL_COLLECTOR)]
            program = [
                part
                for word in command
                for part in (instead if Path(word).name == "twistd" else [word])
            ]
        return [*program, *listen, *_OUR_OPTIONS[setting]]

    return words


def ours(name: str, command: str) -> ServerContender:
    """Return a job server of ours.

    Args:
        name: what it is called.
        command: a command line that ends where the options of the server begin, for instance
            ``twistd -n gearmand`` or ``gearman-tx gearmand``; quoted as in a shell.

    Raises:
        BenchmarkError: the command line cannot be read, or there is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BenchmarkError(f"{command!r} is no command line: {error}") from error
    if not words or shutil.which(words[0]) is None:
        raise BenchmarkError(f"{name}={command}: there is no program {words[:1]}")
    title = "gearman_tx" if name == OURS else name
    return ServerContender(name, title, OURS, _ours(words), frozenset(_OUR_OPTIONS))


def our_command() -> str:
    """Return how the server of this checkout is started."""
    return shlex.join([str(Path(sys.executable).with_name("twistd")), "-n", "gearmand"])


def _compiled() -> ServerContender:
    """Return the server of this checkout with its compiled rooms."""
    missing = None if find_spec("mypyc") else "no compiler: pip install -e '.[bench]'"

    def words(setting: str, folder: Path, port: int) -> list[str]:
        path = f"PYTHONPATH={compiled_package()}"
        return _ours(["env", path, *shlex.split(our_command())])(setting, folder, port)

    title = "gearman_tx, compiled"
    return ServerContender(COMPILED, title, OURS, words, frozenset(_OUR_OPTIONS), missing)


def c_program() -> str | None:
    """Return the path of the C server, or None where there is none."""
    return shutil.which("gearmand") or shutil.which("gearmand", path="/usr/sbin:/usr/local/sbin")


def c_server(threads: int) -> ServerContender:
    """Return the C server with ``threads`` threads."""
    program = c_program()
    missing = None if program else "not installed: apt-get install gearman-job-server"

    def words(setting: str, folder: Path, port: int) -> list[str]:
        command = [program or "gearmand", f"--threads={threads}", "--listen=127.0.0.1"]
        command += [f"--port={port}", "--log-file=stderr", f"--pid-file={folder / 'pid'}"]
        command += ["--config-file=/dev/null"]
        if setting == settings.DURABLE:
            command += ["--queue-type=libsqlite3", f"--libsqlite3-db={folder / QUEUE}"]
        return command

    having = frozenset({settings.MEMORY, settings.DURABLE})
    return ServerContender(f"c-t{threads}", f"C -t {threads}", C, words, having, missing)


def _floor() -> ServerContender:
    def words(setting: str, folder: Path, port: int) -> list[str]:
        del setting, folder
        return [compiled("floor"), str(port)]

    return ServerContender(FLOOR, "floor", FLOOR, words, frozenset({settings.MEMORY}))


def contenders(variants: Sequence[tuple[str, str]] = ()) -> list[ServerContender]:
    """Return all job servers that can be measured.

    Args:
        variants: names and command lines of further servers of ours. One with the name ``ours``
            replaces this checkout's.
    """
    commands = {OURS: our_command(), **dict(variants)}
    return [
        _compiled(),
        *(ours(name, command) for name, command in commands.items()),
        *(c_server(threads) for threads in C_THREADS),
        _floor(),
    ]
