"""``gearman-tx metrics``: the figures of job servers for Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import frozen

from gearman_tx.admin import StoreStatus
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.everywhere import ask_everywhere
from gearman_tx.cli.formats import as_text
from gearman_tx.cli.health import store_of
from gearman_tx.cli.http_answer import answer_request
from gearman_tx.cli.metric_names import METRICS
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.prometheus import CONTENT_TYPE, Metric, Sample, render
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.status import functions_of
from gearman_tx.cli.table import Row
from gearman_tx.core import PRIORITY_NAMES
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server

_STORE: Final = (
    ("gearman_store_jobs", "jobs"),
    ("gearman_store_size_bytes", "size"),
    ("gearman_store_log_bytes", "log"),
    ("gearman_store_lag_seconds", "lag"),
    ("gearman_store_commits_total", "commits"),
    ("gearman_store_errors_total", "errors"),
)


@frozen
class _Figures:
    """The answers of one job server.

    Attributes:
        version: its version.
        functions: a row for each function.
        connections: how many there are.
        store: the state of the queue file; None from a C server.
    """

    version: str
    functions: Sequence[Row]
    connections: int
    store: StoreStatus | None


@click.command()
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1, type=FUNCTION)
@servers_option
@click.option(
    "--textfile",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Replace this file, which is complete at any time, for node_exporter.",
)
@click.option(
    "--http",
    "is_http",
    is_flag=True,
    help="Answer one HTTP request on standard input, for a socket of systemd.",
)
@timeout_option
def metrics(  # one for each option
    functions: tuple[str, ...],
    servers: list[Server],
    textfile: Path | None,
    is_http: bool,  # noqa: FBT001  # click passes it by name
    timeout: float,
) -> None:
    """Print the figures of job servers for Prometheus.

    With FUNCTION, only the figures of that function are printed. Name as many as you like; * and ?
    stand for any characters. With several job servers, each figure has the label server.

    A job server that does not answer has gearman_up 0, and the exit status is still 0, so that a
    file is never left as it was. What a job server does not report is left out.

    \b
    Examples:
      gearman-tx metrics
      gearman-tx metrics --textfile /var/lib/prometheus/node-exporter/gearman.prom
      socat TCP-LISTEN:9473,bind=127.0.0.1,reuseaddr,fork EXEC:'gearman-tx metrics --http'
    """
    if is_http and textfile is not None:
        raise click.UsageError("--http answers on standard output: leave --textfile out")

    def make() -> str:
        answers = ask_everywhere(servers, timeout, _read)
        by_server = zip([server.name for server in servers], answers, strict=True)
        return make_page(dict(by_server), Patterns(functions))

    if is_http:
        answer_request(CONTENT_TYPE, make)
    elif textfile is None:
        click.echo(make(), nl=False)
    else:
        _replace(textfile, make())


async def _read(admin: AdminClient) -> _Figures:
    version = await admin.version()
    functions = await functions_of(admin)
    try:
        connections: Sequence[Any] = await admin.clients()
    except Refused:
        connections = await admin.workers()
    return _Figures(version, functions, len(connections), await store_of(admin))


def make_page(answers: Mapping[str, _Figures | CommandError], names: Patterns) -> str:
    """Return the metrics of job servers in Prometheus's format.

    Args:
        answers: what each server answered, or why it did not, by its name.
        names: the functions to show.
    """
    found = {name: Metric(name, text, kind=kind) for name, (kind, text) in METRICS.items()}
    notes = []
    for server, answer in answers.items():
        labels = {"server": server} if len(answers) > 1 else {}
        is_up = not isinstance(answer, CommandError)
        found["gearman_up"].samples.append(Sample(is_up, labels))
        if isinstance(answer, CommandError):
            notes.append(f"# {answer.message}\n")
        else:
            for name, value, more in _samples(answer, names):
                found[name].samples.append(Sample(value, {**labels, **more}))
    return "".join(notes) + render(found.values())


def _samples(figures: _Figures, names: Patterns) -> Iterator[tuple[str, float, dict[str, str]]]:
    """Yield the name, the value and the labels of each sample of one server."""
    yield "gearman_version_info", 1, {"version": figures.version}
    yield "gearman_functions", len(figures.functions), {}
    yield "gearman_connections", figures.connections, {}
    selected = names.select(row["function"] for row in figures.functions)
    for row in figures.functions:
        if row["function"] in selected:
            labels = {"function": as_text(row["function"])}
            for name, value, more in _samples_of_function(row):
                yield name, value, {**labels, **more}
    store = figures.store
    if store is not None and store.is_durable:
        yield "gearman_store_up", not store.is_failing, {}
        for name, attribute in _STORE:
            value = getattr(store, attribute)
            if value is not None:
                yield name, value, {}


def _samples_of_function(row: Row) -> Iterator[tuple[str, float, dict[str, str]]]:
    yield "gearman_jobs", row["jobs"], {}
    yield "gearman_jobs_running", row["running"], {}
    yield "gearman_jobs_waiting", row["jobs"] - row["running"], {}
    yield "gearman_workers", row["workers"], {}
    for priority in PRIORITY_NAMES:
        if row[priority] is not None:
            yield "gearman_jobs_queued", row[priority], {"priority": priority}
    if row["delayed"] is not None:
        yield "gearman_jobs_delayed", row["delayed"], {}
    if row["oldest"] is not None:
        since = round(time.time()) - row["oldest"]
        yield "gearman_oldest_queued_timestamp_seconds", since, {}
    if row["max_queue"] is not None and row["max_queue"]["normal"]:
        yield "gearman_function_queue_limit", row["max_queue"]["normal"], {}


def _replace(path: Path, text: str) -> None:
    """Write a file under another name and give it its name when it is complete."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise CommandError(f"{path}: {error.strerror}", ExitStatus.FAILED) from error
