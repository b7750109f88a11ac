"""Where the two servers can be compared in generated scripts, entry by entry of the list.

A difference either leaves both servers in the same state, and then :func:`translate` says which
reply of ours stands for which of the C server's; or it does not, and then :func:`leaves` names the
entry before the step is played, and the step is left out. Both are narrow on purpose: whatever
they do not name must be alike, byte for byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.differential.notation import write_body
from tests.differential.packets import BACKGROUND, GRABS, NAMES, REQUEST, RESULTS, SUBMISSIONS
from tests.differential.side import Observation
from tests.differential.steps import Close, Item, Packet, Send, Step, Text
from tests.differential.view import FAR_FUTURE, LOW, KnownJob, Party, View, number_of

_WORKER_LINE: Final = re.compile(r'"FD 127\.0\.0\.1 (?P<id>.*) :(?P<abilities>[^:]*)\\n"')

FAULTS: Final[tuple[str, ...]] = ()
"""Known faults of ours around which generated scripts go, as the ``!bug`` of a script says them."""

Guard = Callable[[View, str, str, list[str]], str]


def leaves(view: View, name: str, item: Item) -> str:
    """Return the entry for which ``item``, sent by ``name``, parts the servers; ``""`` for none."""
    if isinstance(item, Text):
        words = write_body(item.line).removesuffix("\\n").removesuffix("\\r").split()
        return _text_leaves(view, [word.lower() for word in words[:2]] + words[2:])
    assert isinstance(item, Packet)
    if item.magic != REQUEST:
        return ""
    kind = NAMES[item.number]
    guard = _GUARDS.get(kind)
    return guard(view, name, kind, write_body(item.body).split("|")) if guard else ""


def leaving_leaves(view: View, name: str) -> str:
    """Return the entry for which the end of the connection ``name`` parts the servers."""
    for job in view.jobs.values():
        if not job.foreground and not job.over and set(job.clients) == {name}:
            return "background-kept"
    for number in view.party(name).held:
        job = view.jobs[number]
        if job.cancelled:
            return "cancelled-job"
        if job.foreground and not set(job.clients) - {name}:
            return "abandoned-job" if _sleepers(view, job.function) else ""
    return ""


def _sleepers(view: View, function: str) -> bool:
    return any(
        party.asleep and not party.woken and function in party.abilities
        for party in view.parties.values()
    )


def _submission(view: View, _name: str, kind: str, arguments: list[str]) -> str:
    function, unique, data = arguments[0], arguments[1], arguments[-1]
    joined = view.live(function, unique, data)
    if joined is not None:
        if joined.cancelled:
            return "cancelled-job"
        if joined.abandoned:
            return "abandoned-job"
        return "background-joiner" if joined.foreground and kind in BACKGROUND else ""
    if function in view.limited and any(job.dead for job in _listed(view, function)):
        return "abandoned-job"
    delayed = kind == "SUBMIT_JOB_EPOCH" and arguments[2] == FAR_FUTURE
    return "delayed-wakes-no-worker" if delayed and _sleepers(view, function) else ""


def _listed(view: View, function: str) -> list[KnownJob]:
    return [
        job for job in view.jobs.values() if job.function == function and job.number in view.present
    ]


def _grab(view: View, name: str, _kind: str, _arguments: list[str]) -> str:
    abilities = view.party(name).abilities
    queues = [list(view.kept(ability)) for ability in abilities]
    queues = [queue for queue in queues if queue]
    if len(abilities) > 1:
        if any(job.dead for queue in queues for job in queue):
            return "abandoned-job"
        if any(job.delayed for queue in queues for job in queue):
            return "delayed-hides"
        if len({min(job.priority for job in queue) for queue in queues}) > 1:
            return "global-priority"
    for queue in queues:
        if any(job.delayed for job in queue) and any(job.priority == LOW for job in queue):
            return "delayed-hides"
    return ""


def _sleep(view: View, name: str, _kind: str, _arguments: list[str]) -> str:
    party = view.party(name)
    kept = [job for ability in party.abilities for job in view.kept(ability)]
    if any(job.dead for job in kept):
        if any(job.delayed for job in kept):
            return "delayed-hides"
        if len(party.abilities) > 1:
            return "abandoned-job"
    runnable = any(not job.dead and not job.delayed for job in kept)
    return "sleep-after-noop" if party.woken and not runnable else ""


def _register(view: View, name: str, _kind: str, arguments: list[str]) -> str:
    party = view.party(name)
    if arguments[0] in party.abilities:
        return "ability-counted-once"
    waiting = any(not job.dead and not job.delayed for job in view.kept(arguments[0]))
    return "can-do-asleep" if party.asleep and not party.woken and waiting else ""


def _forget(view: View, name: str, kind: str, arguments: list[str]) -> str:
    held = [view.jobs[number].function for number in view.party(name).held]
    return "draining" if held and (kind == "RESET_ABILITIES" or arguments[0] in held) else ""


def _work(view: View, _name: str, _kind: str, arguments: list[str]) -> str:
    job = view.jobs.get(number_of(arguments[0]))
    return "cancelled-job" if job is not None and job.cancelled else ""


def _status_of_unique(view: View, _name: str, _kind: str, arguments: list[str]) -> str:
    dead = any(
        job.dead and job.number in view.present and job.unique == arguments[0]
        for job in view.jobs.values()
    )
    return "abandoned-job" if dead else ""


def _text_leaves(view: View, words: list[str]) -> str:
    match words:
        case ["cancel", "job", handle, *_]:
            job = view.jobs.get(number_of(handle))
            return "cancelled-job" if job is not None and job.dead else ""
        case ["drop", "function", function, *_]:
            same = [known for known in view.functions if known.lower() == function.lower()]
            if len(same) > 1:
                return "drop-one-function"
            taken = any(set(same) & set(party.abilities) for party in view.parties.values())
            jobs = any(_listed(view, known) for known in same)
            return "drop-function-clean" if jobs and not taken else ""
        case ["maxqueue", function, *_]:
            return "" if function in view.functions else "maxqueue-before-function"
        case _:
            return ""


_GUARDS: Final[dict[str, Guard]] = {
    **dict.fromkeys(SUBMISSIONS, _submission),
    **dict.fromkeys(GRABS, _grab),
    "PRE_SLEEP": _sleep,
    "CAN_DO": _register,
    "CAN_DO_TIMEOUT": _register,
    "CANT_DO": _forget,
    "RESET_ABILITIES": _forget,
    **dict.fromkeys(RESULTS, _work),
    "GET_STATUS_UNIQUE": _status_of_unique,
}


def translate(view: View, step: Step, seen: Observation) -> Observation:
    """Return what ours must answer to ``step`` when the C server answered ``seen``.

    Args:
        view: what was known before the step.
        step: the step; a burst changes nothing on which a translation depends.
        seen: the C server's answers.
    """
    expected = {name: list(replies) for name, replies in seen.items()}
    if isinstance(step, Send):
        for item in step.items:
            if isinstance(item, Packet):
                kind, body = NAMES[item.number], write_body(item.body)
                _translate_failure(view, step.connection, kind, body, expected)
                if kind == "GET_STATUS":
                    _translate_status(view, body, expected[step.connection])
        if step.connection in expected:
            expected[step.connection] = _translate_listings(view, expected[step.connection])
    return {name: replies for name, replies in expected.items() if replies}


def _translate_failure(view: View, name: str, kind: str, body: str, expected: Observation) -> None:
    """``bare-handle`` and ``fail-after-exception``."""
    handle, _, rest = body.partition("|")
    if kind == "WORK_EXCEPTION" or (kind == "WORK_FAIL" and "|" in body):
        sent = f"WORK_FAIL {handle}|" + ("" if kind == "WORK_EXCEPTION" else rest)
        for client, replies in expected.items():
            expected[client] = [
                f"WORK_FAIL {handle}" if reply == sent else reply for reply in replies
            ]
    if kind in RESULTS and number_of(handle) in view.party(name).excepted:
        expected[name].remove(RESULTS[kind])


def _translate_status(view: View, handle: str, replies: list[str]) -> None:
    """``abandoned-job`` and ``cancelled-job``: a dead job is unknown."""
    job = view.jobs.get(number_of(handle))
    if job is not None and job.dead:
        for index, reply in enumerate(replies):
            if reply.startswith(f"STATUS_RES {{{job.number}}}|1|"):
                replies[index] = f"STATUS_RES {{{job.number}}}|0|0|0|0"


def _translate_listings(view: View, replies: list[str]) -> list[str]:
    translated: list[str] = []
    rows: list[str] = []
    for reply in replies:
        if reply == '".\\n"':
            translated += [*_translate_rows(view, rows), reply]
            rows = []
        elif reply.startswith('"') and not reply.startswith(('"OK', '"ERR ')):
            rows.append(reply)
        else:
            translated.append(reply)
    return translated + rows


def _translate_rows(view: View, rows: list[str]) -> list[str]:
    """``abandoned-job``, ``cancelled-job`` and ``abilities-order``."""
    dead = [job for job in view.jobs.values() if job.dead and job.number in view.present]
    uniques = Counter(f'"{job.unique}\\n"' for job in dead)
    parties = list(view.parties.values())
    translated: list[str] = []
    for row in rows:
        fields = row[1:-1].removesuffix("\\n").split("\\t")
        if len(fields) == 1 and uniques[row]:
            uniques[row] -= 1
        elif fields[0] in {f"{{{job.number}}}" for job in dead}:
            continue
        elif len(fields) > 1:
            translated.append(_without(dead, fields))
        else:
            translated.append(_newest_first(parties, row))
    return sorted(translated)


def _without(dead: list[KnownJob], fields: list[str]) -> str:
    function, *counts = fields
    numbers = [int(count) for count in counts]
    for job in dead:
        if job.function == function and len(numbers) == 3:
            numbers[0] -= 1
            numbers[1] -= job.runner is not None
        elif job.function == function and job.runner is None:
            numbers[job.priority] -= 1
    return '"' + "\\t".join((function, *map(str, numbers))) + '\\n"'


def _newest_first(pool: list[Party], reply: str) -> str:
    match = _WORKER_LINE.fullmatch(reply)
    if match is None:
        return reply
    abilities = sorted(match["abilities"].split())
    for party in pool:
        if party.id == match["id"] and sorted(party.abilities) == abilities:
            pool.remove(party)
            words = "".join(f" {ability}" for ability in party.abilities)
            return f'"FD 127.0.0.1 {party.id} :{words}\\n"'
    return reply


def ends(step: Step) -> bool:
    """Return whether the step ends its connection."""
    return isinstance(step, Close) or (isinstance(step, Send) and bool(step.ending))
