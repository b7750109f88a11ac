"""The page about TLS: a certificate is made, served, trusted; all with the commands of the page."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires

from tests.docs.blocks import read_block, read_commands, runs
from tests.docs.conftest import MakeReader
from tests.support.peers import require_program
from tests.support.ports import free_port

PAGE = "docs/how-to/use-tls.rst"


@runs(PAGE, "certificate", "server", "trust", "own", "own-endpoint")
def test_a_certificate_of_ones_own(make_reader: MakeReader) -> None:
    """The server is believed by the command line, by a client, and by an endpoint of one's own."""
    require_program("openssl", "apt-get install openssl")
    reader = make_reader(PAGE, free_port())
    port = free_port()
    reader.words = {"ssl:4731": f"ssl:{port}:interface=127.0.0.1", "4731": str(port)}
    reader.run("certificate")
    (process,) = reader.start("server")
    process.await_output(b"listening on")
    assert len(reader.run("trust")) == 2

    for name, end in (("own", ""), ("own-endpoint", "print(await client.echo(b'hello'))\n")):
        body = "\n".join(f"    {line}" for line in (reader.code(name) + end).splitlines())
        program = (
            "from twisted.internet.defer import Deferred\n"
            "from twisted.internet.task import react\n\n"
            f"async def main(reactor):\n{body}\n"
            "    await client.close()\n\n"
            "react(lambda reactor: Deferred.fromCoroutine(main(reactor)))\n"
        )
        path = reader.folder / f"{name}.py"
        path.write_text(program, encoding="utf-8")
        assert reader.type(f"python {name}.py").out == b"b'hello'\n"
    assert process.running


@runs(PAGE, "system")
def test_the_names_are_names() -> None:
    """Each party takes the endpoint string; nothing is connected to."""
    code = read_block(PAGE, "system")
    subprocess.run([sys.executable, "-c", code], check=True)


@runs(PAGE, "install")
def test_the_extra_is_there() -> None:
    """The package has an extra of this name, with what Twisted needs for TLS."""
    ((command, _),) = read_commands(PAGE, "install")
    assert command == "pip install 'gearman-tx[tls]'"
    needed = [line for line in requires("gearman-tx") or () if 'extra == "tls"' in line]
    assert any(line.startswith("twisted[tls]") for line in needed)
