"""The commands of the text protocol, as one table from first word to function.

Each function takes the room's front door and the words of the line, and yields the reply. Being a
generator, it does nothing before its first piece is asked for; then it acts at once. Nothing here
raises: what cannot be done is a reply.

How many words a command takes is the C server's: some ignore what is too much, some refuse it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from attrs import frozen

from gearman_tx.admin import answers, reports
from gearman_tx.admin.names import unescape
from gearman_tx.core import UNLIMITED, FunctionInUseError, UnknownFunctionError
from gearman_tx.errors import Refused
from gearman_tx.wire import leading_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gearman_tx.admin.commands import AdminCommands

LARGEST_LIMIT: Final = 2**31 - 1
"""A larger number given to ``maxqueue`` is cut to this one."""

_NAMED: Final = 3  # words of a command that names something: verb, keyword, name
_HELP_COLUMN: Final = 36  # where the explanations start


@frozen
class Verb:
    """One first word: what it does, and a line of help for each command that starts with it."""

    run: Callable[[AdminCommands, Sequence[bytes]], Iterator[bytes]]
    usages: tuple[tuple[str, str], ...]


def _status(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.status(admin.jobs.snapshots.functions())


def _priority_status(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.priority_status(admin.jobs.snapshots.functions())


def _workers(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.workers(admin.jobs.snapshots.peers())


def _show(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    keywords = [word.lower() for word in words[1:]]
    if not keywords:
        yield answers.unknown_command(words[0])
    elif keywords == [b"jobs"]:
        yield from reports.show_jobs(admin.jobs.snapshots.jobs())
    elif keywords == [b"unique", b"jobs"]:
        yield from reports.show_unique_jobs(admin.jobs.snapshots.jobs())
    else:
        yield answers.UNKNOWN_SHOW_ARGUMENTS


def _cancel(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    if len(words) < _NAMED:
        yield answers.unknown_command(words[0])
    elif not _names(words, b"job"):
        yield answers.UNKNOWN_ERROR
    else:
        known = admin.jobs.control.cancel(unescape(words[2]))
        yield answers.OK if known else answers.UNKNOWN_JOB


def _create(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    if not _names(words, b"function"):
        yield answers.incomplete(words[0])
        return
    name = unescape(words[2])
    yield _unless_refused(name, lambda: admin.jobs.control.create_function(name))


def _drop(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    if not _names(words, b"function"):
        yield answers.incomplete(words[0])
        return
    try:
        admin.jobs.control.drop_function(unescape(words[2]))
    except UnknownFunctionError:
        yield answers.FUNCTION_NOT_FOUND
    except FunctionInUseError:
        yield answers.FUNCTION_IN_USE
    else:
        yield answers.OK


def _max_queue(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    if len(words) == 1:
        yield answers.incomplete(words[0])
        return
    name = unescape(words[1])
    limits = _limits(words[2:])
    yield _unless_refused(name, lambda: admin.jobs.control.set_max_queue(name, limits))


def _functions(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.functions(admin.jobs.snapshots.functions(), _filter(words, 1))


def _jobs(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    state = None
    word = _filter(words, 2)
    if word is not None:
        if word.lower() not in _SHOWN_STATES:
            yield answers.unknown_state(words[2], _SHOWN_STATES)
            return
        state = reports.STATES.index(word.lower())
    jobs, now = admin.jobs.snapshots.jobs(), admin.jobs.tables.now
    yield from reports.jobs(jobs, now, _filter(words, 1), state)


def _clients(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.clients(admin.jobs.snapshots.peers())


def _store(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield from reports.store(admin.store())


def _get_pid(_: AdminCommands, __: Sequence[bytes]) -> Iterator[bytes]:
    yield answers.ok(b"%d" % os.getpid())


def _version(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield answers.ok(admin.version.encode())


def _verbose(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    yield answers.ok(admin.verbosity.encode())


def _help(admin: AdminCommands, _: Sequence[bytes]) -> Iterator[bytes]:
    for verb in admin.verbs.values():
        for usage, meaning in verb.usages:
            yield f"{usage:<{_HELP_COLUMN}}{meaning}\n".encode()
    yield reports.END


def _shutdown(admin: AdminCommands, words: Sequence[bytes]) -> Iterator[bytes]:
    assert admin.shutdown is not None, "the verb is in the table only if the operator allowed it"
    keywords = [word.lower() for word in words[1:]]
    if keywords in ([], [b"graceful"]):
        admin.shutdown(bool(keywords))
        yield answers.OK
    else:
        yield answers.incomplete(words[0])


def _names(words: Sequence[bytes], keyword: bytes) -> bool:
    """Return whether a line is a verb, ``keyword`` and one name, no more and no less."""
    return len(words) == _NAMED and words[1].lower() == keyword


def _filter(words: Sequence[bytes], place: int) -> bytes | None:
    """Return what the word at ``place`` asks for; None if there is none, or an asterisk."""
    word = words[place] if place < len(words) else b""
    return None if word in {b"", reports.ANY} else unescape(word)


def _limits(words: Sequence[bytes]) -> tuple[int, int, int]:
    """Return the limits for high, normal and low; what is missing or no number is no limit.

    One number is for all three. Two are for high and normal, as in the C server.
    """
    numbers = [min(max(leading_number(word), UNLIMITED), LARGEST_LIMIT) for word in words]
    if len(numbers) == 1:
        numbers *= 3
    high, normal, low = (*numbers, UNLIMITED, UNLIMITED, UNLIMITED)[:3]
    return high, normal, low


def _unless_refused(name: bytes, act: Callable[[], None]) -> bytes:
    """Do something that makes the function ``name`` known; return the reply."""
    if b"\0" in name:
        return answers.NUL_IN_NAME
    try:
        act()
    except Refused as refusal:
        return answers.refused(refusal)
    return answers.OK


_SHOWN_STATES: Final = (b"delayed", b"queued", b"running", b"kept")

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
        (("jobs [FUNCTION [STATE]]", "jobs: all about them; STATE: delayed, queued, running"),),
    ),
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
        _cancel, (("cancel job HANDLE", "end a job; its clients are told that it failed"),)
    ),
    b"create": Verb(_create, (("create function FUNCTION", "make a function known"),)),
    b"drop": Verb(
        _drop, (("drop function FUNCTION", "forget a function without workers, and its jobs"),)
    ),
    b"maxqueue": Verb(
        _max_queue,
        (
            ("maxqueue FUNCTION [LIMIT]", "limit a function's jobs; 0 or nothing: no limit"),
            ("maxqueue FUNCTION HIGH NORMAL LOW", "likewise, for each priority of submission"),
        ),
    ),
    b"getpid": Verb(_get_pid, (("getpid", "the server's process id"),)),
    b"version": Verb(_version, (("version", "the server's version"),)),
    b"verbose": Verb(_verbose, (("verbose", "how much the server logs"),)),
    b"help": Verb(_help, (("help", "this list"),)),
}
"""What every server understands, by first word in lower case."""

SHUTDOWN: Final[Mapping[bytes, Verb]] = {
    b"shutdown": Verb(
        _shutdown,
        (
            ("shutdown", "stop at once"),
            ("shutdown graceful", "stop when no job is left"),
        ),
    ),
}
"""What a server understands besides if its operator allowed it."""
