"""The how-to page about web frameworks: its applications answer, also in forked processes."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.docs.blocks import read_block, read_commands, runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess, PeerRunner
from tests.support.ports import free_port

PAGE = "docs/how-to/use-with-web-frameworks.rst"
WORKER = """
import asyncio
from gearman_tx.aio import Worker
worker = Worker("localhost:4730")
@worker.function("reverse")
async def reverse(job):
    return job.workload[::-1]
asyncio.run(worker.run())
"""
DJANGO = """
from django.conf import settings
from django.urls import path
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for the test")
{views}
urlpatterns = [path("reverse/<text>", reverse), path("index/<page>", index)]
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
app = {interface}()
"""


@pytest.fixture
def reader(server: InteropServer, peers: PeerRunner, make_reader: MakeReader) -> Reader:
    """A reader of the page whose job server has a worker."""
    reader = make_reader(PAGE, server.port)
    peers.start([sys.executable, "-c", reader.own(WORKER)])
    server.await_workers("reverse")
    return reader


def fetch(program: PeerProcess, url: str, data: bytes | None = None) -> str:
    """Return what a web server answers, as soon as it listens."""

    def is_up() -> bool:
        with contextlib.suppress(urllib.error.URLError):
            answers.append(urllib.request.urlopen(url, data, 20).read().decode())  # noqa: S310  # http
        return bool(answers)

    answers: list[str] = []
    program.wait_until(is_up, "answer")
    return answers[0]


def serve(reader: Reader, code: str, command: str, port: int) -> PeerProcess:
    """Save an application as ``app.py`` and start its server."""
    Path(reader.folder, "app.py").write_text(reader.own(code), encoding="utf-8")
    return reader.begin(command.replace("app:app", f"{place(command, port)} app:app"))


def place(command: str, port: int) -> str:
    """Return the option of a web server for its address."""
    return f"--port {port}" if command.startswith("uvicorn") else f"--bind 127.0.0.1:{port}"


def command_of(name: str) -> str:
    """Return the only command of a block."""
    ((command, _),) = read_commands(PAGE, name)
    return command


@runs(PAGE, "fastapi", "uvicorn")
def test_fastapi(reader: Reader) -> None:
    """Two processes of uvicorn answer with results and handles."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    port = free_port()
    program = serve(reader, read_block(PAGE, "fastapi"), command_of("uvicorn"), port)
    for word in ("stressed", "drawer"):
        url = f"http://127.0.0.1:{port}/reverse/{word}"
        assert fetch(program, url) == f'{{"reversed":"{word[::-1]}"}}'
    url = f"http://127.0.0.1:{port}/index/7"
    assert re.fullmatch(r'\{"handle":"H:.+:\d+"\}', fetch(program, url, b""))


@runs(PAGE, "flask", "gunicorn")
def test_flask(reader: Reader) -> None:
    """Two processes that gunicorn forks after it has loaded, and used, the application."""
    pytest.importorskip("flask")
    pytest.importorskip("gunicorn")
    port = free_port()
    used = "\ngearman.submit_job('reverse', 'before the fork')\n"
    program = serve(reader, read_block(PAGE, "flask") + used, command_of("gunicorn"), port)
    for word in ("stressed", "drawer", "lager", "reviled"):
        assert fetch(program, f"http://127.0.0.1:{port}/reverse/{word}") == word[::-1]


@runs(PAGE, "django", "django-async")
@pytest.mark.parametrize("interface", ["get_asgi_application", "get_wsgi_application"])
def test_django(reader: Reader, interface: str) -> None:
    """Both kinds of views answer, behind an ASGI server and behind a WSGI server."""
    pytest.importorskip("django")
    pytest.importorskip("uvicorn")
    pytest.importorskip("gunicorn")
    port = free_port()
    views = read_block(PAGE, "django-async") + "\n" + read_block(PAGE, "django")
    server = "uvicorn app:app" if "asgi" in interface else "gunicorn --preload app:app"
    program = serve(reader, DJANGO.format(views=views, interface=interface), server, port)
    assert fetch(program, f"http://127.0.0.1:{port}/reverse/stressed") == "desserts"
    assert fetch(program, f"http://127.0.0.1:{port}/index/7").startswith("H:")


@runs(PAGE, "jupyter")
def test_jupyter(reader: Reader, peers: PeerRunner) -> None:
    """The last value of the cell is the result: a cell runs as a coroutine of a running loop."""
    cell = ast.parse(reader.code("jupyter"))
    last = cell.body[-1]
    assert isinstance(last, ast.Expr)
    cell.body[-1] = ast.parse(f"print({ast.unparse(last.value)})").body[0]
    body = "\n".join(f"    {line}" for line in ast.unparse(cell).splitlines())
    program = f"import asyncio\nasync def cell():\n{body}\nasyncio.run(cell())"
    assert peers.run([sys.executable, "-W", "error", "-c", program]).lines == ["b'olleh'"]
