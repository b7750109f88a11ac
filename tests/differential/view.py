"""What a generated script has brought about so far on the C server, seen from outside.

The view is learnt from what was sent and what the C server answered; nothing here says how a
server should behave. ``common_ground`` asks it which steps lead where the two servers part.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from tests.differential.notation import write_body
from tests.differential.packets import (
    ENDINGS,
    FOREGROUND,
    GRABS,
    NAMES,
    REQUEST,
    SUBMISSIONS,
)
from tests.differential.side import Observation, Side
from tests.differential.steps import Close, Item, Packet, Send, Step, Text

HIGH, NORMAL, LOW = range(3)
FAR_FUTURE = "4000000000"


@define(eq=False)
class Party:
    """One open connection.

    Attributes:
        abilities: the functions it registered, newest first.
        asleep: it sent PRE_SLEEP with nothing to do, and no GRAB_JOB since.
        woken: it got a NOOP for that sleep.
        exceptions: it asked for exceptions.
        held: the jobs it was assigned and has not ended, oldest first.
        excepted: the jobs it ended with WORK_EXCEPTION, and said no last word about since.
        id: what it called itself.
    """

    abilities: list[str] = field(factory=list)
    asleep: bool = False
    woken: bool = False
    exceptions: bool = False
    held: list[int] = field(factory=list)
    excepted: set[int] = field(factory=set)
    id: str = "-"


@define(eq=False)
class KnownJob:
    """One job, as the script knows it.

    Attributes:
        clients: the connections that wait for it, once for each of their submissions.
        runner: the connection that runs it.
        over: it ended, so its handle is unknown.
    """

    number: int
    function: str
    unique: str
    data: str
    priority: int
    foreground: bool
    delayed: bool
    clients: list[str] = field(factory=list)
    runner: str | None = None
    losses: int = 0
    cancelled: bool = False
    over: bool = False

    @property
    def abandoned(self) -> bool:
        """All its foreground clients have left."""
        return self.foreground and not self.clients and not self.over

    @property
    def dead(self) -> bool:
        """It ended for us while the C server may still keep it: cancelled, or left while queued."""
        return not self.over and (self.cancelled or (self.abandoned and self.runner is None))


@define(eq=False)
class View:
    """Everything the script knows.

    Attributes:
        c: the C server's side.
        retries: the losses that end a job; 0 for none.
        limited: the functions with a queue limit.
        functions: the functions that the server lists.
        present: the jobs the C server lists now; :meth:`look` brings it up to date.
    """

    c: Side
    retries: int = 0
    parties: dict[str, Party] = field(factory=dict)
    jobs: dict[int, KnownJob] = field(factory=dict)
    limited: set[str] = field(factory=set)
    functions: set[str] = field(factory=set)
    present: set[int] = field(factory=set)

    def party(self, name: str) -> Party:
        """Return the open connection called ``name``."""
        return self.parties.setdefault(name, Party())

    def look(self) -> None:
        """Ask the C server which jobs it keeps, dead ones included."""
        rows = [self.c.handles.rename(row) for row in self.c.ask(b"show jobs\r\n")[:-1]]
        self.present = {int(write_body(row)[1:].partition("}")[0]) for row in rows}

    def kept(self, function: str) -> Iterator[KnownJob]:
        """Yield the jobs in the C server's lists of ``function``: not running, maybe dead."""
        for job in self.jobs.values():
            if job.function == function and job.runner is None and job.number in self.present:
                yield job

    def live(self, function: str, unique: str, data: str) -> KnownJob | None:
        """Return the job that a submission would join, dead ones included."""
        if unique == "" or (unique == "-" and data == ""):
            return None
        for job in self.jobs.values():
            same = (job.function, job.unique) == (function, unique)
            if same and job.number in self.present and (unique != "-" or job.data == data):
                return job
        return None

    def note(self, step: Step, seen: Observation) -> None:
        """Take in ``step`` and what the C server answered."""
        replies = list(seen.get(step.connection, []))
        for name, others in seen.items():
            if name != step.connection and "NOOP" in others:
                self.party(name).woken = True
        if isinstance(step, Send):
            for item in step.items:
                self._note_item(step.connection, item, replies)
        if isinstance(step, Close) or (isinstance(step, Send) and step.ending):
            self._note_leaving(step.connection)

    def _note_item(self, name: str, item: Item, replies: list[str]) -> None:
        if isinstance(item, Text):
            self._note_text(write_body(item.line).split(), replies)
        elif isinstance(item, Packet) and item.magic == REQUEST:
            kind = NAMES[item.number]
            arguments = write_body(item.body).split("|")
            if kind in SUBMISSIONS:
                self._note_submission(name, kind, arguments, replies)
            elif kind in GRABS:
                self._note_assignment(name, _take(replies, ("JOB_ASSIGN", "NO_JOB")))
            elif kind in ENDINGS:
                self._note_end(self.party(name), kind, number_of(arguments[0]))
            else:
                self._note_peer(self.party(name), kind, arguments[0], replies)

    def _note_peer(self, party: Party, kind: str, argument: str, replies: list[str]) -> None:
        match kind:
            case "PRE_SLEEP":
                party.asleep = party.asleep or "NOOP" not in replies
            case "CAN_DO" | "CAN_DO_TIMEOUT":
                party.abilities.insert(0, argument)
                self.functions.add(argument)
            case "CANT_DO":
                party.abilities = [known for known in party.abilities if known != argument]
            case "RESET_ABILITIES":
                party.abilities = []
            case "SET_CLIENT_ID":
                party.id = argument
            case "OPTION_REQ":
                party.exceptions = party.exceptions or argument.lower() == "exceptions"

    def _note_submission(
        self, name: str, kind: str, arguments: list[str], replies: list[str]
    ) -> None:
        if "NOOP" in replies and self.party(name).asleep:
            self.party(name).woken = True
        self.functions.add(arguments[0])
        answer = _take(replies, ("JOB_CREATED ", "ERROR QUEUE_ERROR"))
        if not answer.startswith("JOB_CREATED"):
            return
        number = number_of(answer.removeprefix("JOB_CREATED "))
        job = self.jobs.setdefault(
            number,
            KnownJob(
                number,
                function=arguments[0],
                unique=arguments[1],
                data=arguments[-1],
                priority=HIGH if "HIGH" in kind else LOW if "LOW" in kind else NORMAL,
                foreground=kind in FOREGROUND,
                delayed=kind == "SUBMIT_JOB_EPOCH" and arguments[2] == FAR_FUTURE,
            ),
        )
        if kind in FOREGROUND:
            job.clients.append(name)

    def _note_assignment(self, name: str, answer: str) -> None:
        self.party(name).asleep = self.party(name).woken = False
        if not answer.startswith("JOB_ASSIGN"):
            return
        number = number_of(answer.partition(" ")[2].partition("|")[0])
        self.jobs[number].runner = name
        self.party(name).held.append(number)

    def _note_end(self, party: Party, kind: str, number: int) -> None:
        if number in party.held:
            party.held.remove(number)
            self.jobs[number].over, self.jobs[number].runner = True, None
            if kind == "WORK_EXCEPTION":
                party.excepted.add(number)
        elif kind != "WORK_EXCEPTION":
            party.excepted.discard(number)

    def _note_text(self, words: list[str], replies: list[str]) -> None:
        fine = '"OK\\r\\n"' in replies
        words = [word.removesuffix("\\r\\n").removesuffix("\\n") for word in words]
        match [word.lower() for word in words[:2]] + words[2:]:
            case ["cancel", "job", handle, *_] if fine:
                self.jobs[number_of(handle)].cancelled = True
            case ["create", "function", function, *_]:
                self.functions.add(function)
            case ["drop", "function", function, *_] if fine:
                gone = {known for known in self.functions if known.lower() == function.lower()}
                self.functions -= gone
                self.limited -= gone
            case ["maxqueue", function, *_]:
                self.limited.add(function)

    def _note_leaving(self, name: str) -> None:
        party = self.parties.pop(name, Party())
        for job in self.jobs.values():
            job.clients = [client for client in job.clients if client != name]
        for number in party.held:
            job = self.jobs[number]
            job.runner = None
            job.losses += 1
            job.over = job.losses == self.retries


def number_of(handle: str) -> int:
    """Return the number of the job in ``{3}``; 0 for anything else."""
    inner = handle.partition("}")[0]
    return int(inner[1:]) if inner.startswith("{") else 0


def _take(replies: list[str], beginnings: tuple[str, ...]) -> str:
    for index, reply in enumerate(replies):
        if reply.startswith(beginnings):
            return replies.pop(index)
    return ""
