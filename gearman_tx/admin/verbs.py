"""The commands of the text protocol, as one table from first word to function.

Each function takes a request and yields the reply. Being a generator, it does nothing before its
first piece is taken; then it acts at once. It never raises: a failure is a reply.

Each command takes as many words as in the C server: some commands ignore extra words, some refuse
them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from gearman_tx.admin import answers, reports
from gearman_tx.admin.names import unescape
from gearman_tx.admin.request import Verb
from gearman_tx.core import UNLIMITED, FunctionInUseError, UnknownFunctionError
from gearman_tx.errors import Refused
from gearman_tx.wire import leading_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gearman_tx.admin.request import Request

LARGEST_LIMIT: Final = 2**31 - 1
"""A larger number given to ``maxqueue`` is cut to this one."""

_NAMED: Final = 3  # words of a command that names something: verb, keyword, name
_HELP_COLUMN: Final = 36  # where the explanations start


def _status(request: Request) -> Iterator[bytes]:
    yield from reports.status(request.job_server.snapshots.functions())


def _priority_status(request: Request) -> Iterator[bytes]:
    yield from reports.priority_status(request.job_server.snapshots.functions())


def _workers(request: Request) -> Iterator[bytes]:
    yield from reports.workers(request.job_server.snapshots.peers())


def _show(request: Request) -> Iterator[bytes]:
    words = request.words
    keywords = [word.lower() for word in words[1:]]
    if not keywords:
        yield answers.unknown_command(words[0])
    elif keywords == [b"jobs"]:
        yield from reports.show_jobs(request.job_server.snapshots.jobs())
    elif keywords == [b"unique", b"jobs"]:
        yield from reports.show_unique_jobs(request.job_server.snapshots.jobs())
    else:
        yield answers.UNKNOWN_SHOW_ARGUMENTS


def _cancel(request: Request) -> Iterator[bytes]:
    words = request.words
    if len(words) < _NAMED:
        yield answers.unknown_command(words[0])
    elif not _names(words, b"job"):
        yield answers.UNKNOWN_ERROR
    else:
        known = request.job_server.control.cancel(unescape(words[2]))
        yield answers.OK if known else answers.UNKNOWN_JOB


def _create(request: Request) -> Iterator[bytes]:
    words = request.words
    if not _names(words, b"function"):
        yield answers.incomplete(words[0])
        return
    name = unescape(words[2])
    yield _unless_refused(name, lambda: request.job_server.control.create_function(name))


def _drop(request: Request) -> Iterator[bytes]:
    words = request.words
    if not _names(words, b"function"):
        yield answers.incomplete(words[0])
        return
    try:
        request.job_server.control.drop_function(unescape(words[2]))
    except UnknownFunctionError:
        yield answers.FUNCTION_NOT_FOUND
    except FunctionInUseError:
        yield answers.FUNCTION_IN_USE
    else:
        yield answers.OK


def _max_queue(request: Request) -> Iterator[bytes]:
    words = request.words
    if len(words) == 1:
        yield answers.incomplete(words[0])
        return
    name = unescape(words[1])
    limits = _limits(words[2:])
    control = request.job_server.control
    settings = control.settings_of(name)._replace(max_queue=limits)
    yield _unless_refused(name, lambda: control.configure(name, settings))


def _functions(request: Request) -> Iterator[bytes]:
    functions, now = request.job_server.snapshots.functions(), request.job_server.unix_time
    yield from reports.functions(functions, now, _filter(request.words, 1))


def _jobs(request: Request) -> Iterator[bytes]:
    words = request.words
    state = None
    word = _filter(words, 2)
    if word is not None:
        if word.lower() not in reports.SHOWN_STATES:
            yield answers.unknown_state(words[2], reports.SHOWN_STATES)
            return
        state = reports.STATES.index(word.lower())
    jobs, now = request.job_server.snapshots.jobs(), request.job_server.unix_time
    yield from reports.jobs(jobs, now, _filter(words, 1), state)


def _job(request: Request) -> Iterator[bytes]:
    words = request.words
    if len(words) == 1:
        yield answers.incomplete(words[0])
        return
    job = request.job_server.snapshots.job(unescape(words[1]))
    if job is None:
        yield answers.UNKNOWN_JOB
    else:
        yield from reports.jobs([job], request.job_server.unix_time)


def _clients(request: Request) -> Iterator[bytes]:
    yield from reports.clients(request.job_server.snapshots.peers())


def _store(request: Request) -> Iterator[bytes]:
    yield from reports.store(request.server.store())


def _get_pid(_: Request) -> Iterator[bytes]:
    yield answers.ok(b"%d" % os.getpid())


def _version(request: Request) -> Iterator[bytes]:
    yield answers.ok(request.server.version.encode())


def _verbose(request: Request) -> Iterator[bytes]:
    yield answers.ok(request.server.verbosity.encode())


def _help(request: Request) -> Iterator[bytes]:
    for verb in request.server.verbs.values():
        for usage, meaning in verb.usages:
            yield f"{usage:<{_HELP_COLUMN}}{meaning}\n".encode()
    yield reports.END


def _shutdown(request: Request) -> Iterator[bytes]:
    words = request.words
    assert request.server.shutdown is not None, "without it the verb is not in the table"
    keywords = [word.lower() for word in words[1:]]
    if keywords in ([], [b"graceful"]):
        request.server.shutdown(bool(keywords))
        yield answers.OK
    else:
        yield answers.incomplete(words[0])


def _names(words: Sequence[bytes], keyword: bytes) -> bool:
    """Return whether a line is a verb, ``keyword`` and one name, no more and no less."""
    return len(words) == _NAMED and words[1].lower() == keyword


def _filter(words: Sequence[bytes], place: int) -> bytes | None:
    """Return the name that the word at ``place`` asks for; None if it is missing or an asterisk."""
    word = words[place] if place < len(words) else b""
    return None if word in {b"", reports.ANY} else unescape(word)


def _limits(words: Sequence[bytes]) -> tuple[int, int, int]:
    """Return the limits for high, normal and low; a missing or unreadable one is no limit.

    One number counts for all three. Two are for high and normal, as in the C server.
    """
    numbers = [min(max(leading_number(word), UNLIMITED), LARGEST_LIMIT) for word in words]
    if len(numbers) == 1:
        numbers *= 3
    high, normal, low = (*numbers, UNLIMITED, UNLIMITED, UNLIMITED)[:3]
    return high, normal, low


def _unless_refused(name: bytes, act: Callable[[], None]) -> bytes:
    """Call ``act``, which makes the function ``name`` known; return the reply."""
    if b"\0" in name:
        return answers.NUL_IN_NAME
    try:
        act()
    except Refused as refusal:
        return answers.refused(refusal)
    return answers.OK


_STATES: Final = b", ".join(reports.SHOWN_STATES).decode()

VERBS: Final[Mapping[bytes, Verb]] = {
    b"status": Verb(_status, (("status", "functions: name, jobs, running jobs, workers"),)),
    b"prioritystatus": Verb(
        _priority_status,
        (("prioritystatus", "functions: name, queued jobs high, normal, low, workers"),),
    ),
    b"functions": Verb(
        _functions, (("functions [FUNCTION]", "functions: every count and the queue limits"),)
    ),
    b"workers": Verb(_workers, (("workers", "connections: descriptor, address, id, functions"),)),
    b"clients": Verb(
        _clients, (("clients", "connections: how many functions and jobs, asleep or not"),)
    ),
    b"jobs": Verb(
        _jobs,
        (("jobs [FUNCTION [STATE]]", f"jobs: every detail; STATE: {_STATES}"),),
    ),
    b"job": Verb(_job, (("job HANDLE", "one job: the details that jobs shows"),)),
    b"store": Verb(
        _store, (("store", "the store of background jobs: kind, path, state, counts, times"),)
    ),
    b"show": Verb(
        _show,
        (
            ("show jobs", "jobs: handle, retries, 1 if abandoned, 1 if background"),
            ("show unique jobs", "jobs: unique"),
        ),
    ),
    b"cancel": Verb(
        _cancel,
        (("cancel job HANDLE", "end a job; its clients are told that it failed"),),
        changes=True,
    ),
    b"create": Verb(
        _create, (("create function FUNCTION", "make a function known"),), changes=True
    ),
    b"drop": Verb(
        _drop,
        (("drop function FUNCTION", "forget a function without workers, and its jobs"),),
        changes=True,
    ),
    b"maxqueue": Verb(
        _max_queue,
        (
            ("maxqueue FUNCTION [LIMIT]", "limit a function's jobs; 0 or nothing: no limit"),
            ("maxqueue FUNCTION HIGH NORMAL LOW", "limit a function's jobs by priority"),
        ),
        changes=True,
    ),
    b"getpid": Verb(_get_pid, (("getpid", "the server's process id"),)),
    b"version": Verb(_version, (("version", "the server's version"),)),
    b"verbose": Verb(_verbose, (("verbose", "how much the server logs"),)),
    b"help": Verb(_help, (("help", "this list"),)),
}
"""The commands that every server understands, by first word in lower case."""

SHUTDOWN: Final[Mapping[bytes, Verb]] = {
    b"shutdown": Verb(
        _shutdown,
        (
            ("shutdown", "stop at once"),
            ("shutdown graceful", "stop when no job is left"),
        ),
    ),
}
"""The command that a server understands only if its operator allows it.

It changes no queue: a server that is still loading its jobs stops at once too.
"""
