"""What may differ between the C server 1.1.20 and ours, and why: the whole list.

Each entry is shown by at least one named script (``!differs`` in the folder ``scripts``), which
holds the bytes of both servers; ``common_ground`` says what it means for generated scripts. The
texts are written for the compatibility page of the documentation. Differences that need a second
server process, TLS, HTTP or a persistent queue to be seen are not the business of this list.
"""

from __future__ import annotations

from typing import Final

from tests.differential.difference import Difference

__all__ = ["DIFFERENCES", "Difference"]

_JOBS: Final = "Jobs that clients left or cancelled"
_UNIQUES: Final = "Unique keys"
_ORDER: Final = "Order and wake-ups"
_TIME: Final = "Timeouts and delayed jobs"
_WORKERS: Final = "What workers send"
_MALFORMED: Final = "Malformed packets"
_TEXT: Final = "The text protocol"

DIFFERENCES: Final = (
    Difference(
        "abandoned-job",
        _JOBS,
        "A queued foreground job whose last client has left stays in the lists, the counts and "
        "the unique index until a worker of the function comes. A submission that joins it is "
        "acknowledged and then never run; a foreground client that joined it waits forever. So "
        "does one that joins it while it is running, if the worker is lost.",
        "The job disappears at once, and a new submission with its unique starts from scratch. A "
        "job that was running goes on, may be joined like any other, and disappears when its "
        "worker is lost while no client waits.",
        "A client that retries under a stable unique is served instead of hanging.",
        "2.4 and 9.5",
    ),
    Difference(
        "background-joiner",
        _JOBS,
        "A background submission that joins a foreground job leaves it a foreground job: it is "
        "lost when the foreground client leaves.",
        "The job becomes a background job.",
        "JOB_CREATED for a background submission is a promise.",
        "2.2 and 9.6",
    ),
    Difference(
        "background-kept",
        _JOBS,
        "A background job that a foreground client joined is never run when that client leaves.",
        "It stays a background job and is run.",
        "JOB_CREATED for a background submission is a promise.",
        "2.4 and 9.6",
    ),
    Difference(
        "cancelled-job",
        _JOBS,
        "``cancel job`` only marks the job: it stays in the lists and counts and is known to "
        "GET_STATUS, cancelling it again sends the clients another WORK_FAIL, and the result of "
        "a running job is delivered after the WORK_FAIL.",
        "The job disappears at once, its clients get one WORK_FAIL, a late result is dropped "
        "without a reply to the worker.",
        "A client hears exactly one end of its job.",
        "3.1 and 9.18",
    ),
    Difference(
        "drop-function-clean",
        _JOBS,
        "``drop function`` leaves the function's queued jobs behind: they are listed by ``show "
        "jobs`` and known to GET_STATUS, and no worker ever gets them.",
        "The jobs end with the function, and their clients get WORK_FAIL.",
        "No job exists without its function.",
        "3.1 and 9.18",
    ),
    Difference(
        "unique-of-64",
        _UNIQUES,
        "A unique of exactly 64 bytes is cut to 63: it joins no job, the worker's data begins "
        "with a NUL, and GET_STATUS_UNIQUE for it closes the connection.",
        "It is kept whole.",
        "64 bytes is the limit that both servers name.",
        "1.6 and 9.4",
    ),
    Difference(
        "reduce-unique-checked",
        _UNIQUES,
        "The unique of SUBMIT_REDUCE_JOB is not measured, and a worker is sent a piece of the "
        "server's memory after its first 63 bytes.",
        "A unique of more than 64 bytes is refused with the error of the other submissions.",
        "No memory is given away.",
        "1.6 and 9.4",
    ),
    Difference(
        "global-priority",
        _ORDER,
        "One function of the worker is drained, low priority included, before the next; with "
        "``--round-robin`` the functions take turns whatever the priority of their jobs.",
        "The highest priority over all functions of the worker first, then the functions in "
        "turn, then first in, first out. This is the order of the C server 2.0.0.",
        "A high job never waits behind a low one that the same worker could run.",
        "2.3 and 9.8",
    ),
    Difference(
        "abilities-order",
        _ORDER,
        "With ``--round-robin`` ``workers`` lists a worker's functions in the order of the next "
        "turn.",
        "They are listed newest first, whatever the worker has grabbed; so does the C server "
        "without ``--round-robin``.",
        "One order, which scripts can rely on.",
        "2.3 and 3.1",
    ),
    Difference(
        "ability-counted-once",
        _ORDER,
        "A function that one connection registers twice is listed twice by ``workers`` and "
        "counted as two workers by ``status``.",
        "It counts once.",
        "``status`` says how many workers there are.",
        "2.3",
    ),
    Difference(
        "one-wake-up",
        _ORDER,
        "Every sleeping worker of the function is woken for every job, unless "
        "``--worker-wakeup`` says otherwise.",
        "One worker is woken for one job, and another if that one does not grab. "
        "``--worker-wakeup 0`` wakes them all.",
        "Waking all of them costs processor time for every idle worker, for each job.",
        "2.5 and 9.9",
    ),
    Difference(
        "can-do-asleep",
        _ORDER,
        "A sleeping worker that registers a function with waiting jobs is not woken.",
        "It gets a NOOP.",
        "The job is run without waiting for the worker's own poll.",
        "2.5 and 9.9",
    ),
    Difference(
        "sleep-after-noop",
        _ORDER,
        "A worker that answers a NOOP with PRE_SLEEP instead of a GRAB_JOB is never woken again.",
        "It is asleep and is woken for the next job.",
        "Workers that look at NOOP late are not lost.",
        "2.5 and 9.9",
    ),
    Difference(
        "delayed-wakes-no-worker",
        _TIME,
        "A job that is not yet due wakes the sleeping workers when it is submitted.",
        "It wakes no worker before its time.",
        "No worker is woken for nothing.",
        "2.5, 2.10 and 9.9",
    ),
    Difference(
        "delayed-hides",
        _TIME,
        "A job that is not yet due hides the jobs of lower priority: the worker gets NOOP and "
        "then NO_JOB, in an endless loop. A cancelled job behind it comes back to life.",
        "Jobs that are due are run, and cancelled ones are gone.",
        "No stuck jobs, no busy loop, no work that was called off.",
        "2.5 and 9.9",
    ),
    Difference(
        "due-wakes",
        _TIME,
        "When a delayed job becomes due no sleeping worker is told.",
        "Sleeping workers get their NOOP when it becomes due, as with the C server 2.0.0.",
        "SUBMIT_JOB_EPOCH works without workers that poll.",
        "2.10 and 9.16",
    ),
    Difference(
        "late-result",
        _TIME,
        "A worker whose time for a job is over gets ERROR ``JOB_NOT_FOUND`` for all that it still "
        "sends about the job. A job that always takes too long runs again and again.",
        "While no other worker has the job, its data, progress and result go to the clients, and "
        "the result ends the job; only a failure is ignored. Once another worker has had the job, "
        "everything is ignored. The late worker gets no ERROR.",
        "No work is done twice that is done already, and many workers end when they get an ERROR.",
        "2.6",
    ),
    Difference(
        "timeout-outlives-job",
        _TIME,
        "The timer of CAN_DO_TIMEOUT is not stopped when the job ends: it fires on freed memory, "
        "``status`` shows 4294967295 running jobs, and the server may end.",
        "The timer ends with the job.",
        "The server keeps running.",
        "2.6 and 9.10",
    ),
    Difference(
        "timer-per-job",
        _TIME,
        "A connection has one timer: the next assignment replaces it, and PRE_SLEEP stops it "
        "while the job is still running.",
        "Each job has its own timer, from its assignment to its end.",
        "Every job of a worker that holds several is bounded.",
        "2.6 and 9.10",
    ),
    Difference(
        "draining",
        _WORKERS,
        "CANT_DO and RESET_ABILITIES take away the running jobs of those functions: they are "
        "requeued, and the worker's result is refused.",
        "The worker keeps what it is running and may finish it.",
        "A worker can stop accepting work before it stops.",
        "2.8 and 9.11",
    ),
    Difference(
        "bare-handle",
        _WORKERS,
        "WORK_FAIL goes to the clients with a NUL after the handle when it stands for a "
        "WORK_EXCEPTION, and with whatever the worker wrote after the handle otherwise.",
        "WORK_FAIL goes to the clients with the bare handle.",
        "A handle with a NUL is never matched by libgearman, which then hangs.",
        "1.7, 2.7 and 9.7",
    ),
    Difference(
        "fail-after-exception",
        _WORKERS,
        "What a worker says about a job after its WORK_EXCEPTION, mostly WORK_FAIL, is answered "
        "by ERROR ``JOB_NOT_FOUND``.",
        "It is swallowed, up to the first WORK_FAIL or WORK_COMPLETE.",
        "Many workers send both, and the Perl worker dies of the ERROR.",
        "2.7, 9.11 and 10",
    ),
    Difference(
        "empty-result",
        _WORKERS,
        "WORK_COMPLETE and its like with nothing after the handle, not even the NUL, take the "
        "connection out of step and then close it; the job is requeued.",
        "It is an empty result and goes to the clients as the handle and a NUL.",
        "Perl's worker sends it for an empty result.",
        "1.6 and 10",
    ),
    Difference(
        "long-handle",
        _WORKERS,
        "WORK_FAIL with a handle of 64 or more bytes is answered by an ERROR about the size of "
        "one of the server's own buffers.",
        "It is answered like any other handle that names no job: ``JOB_NOT_FOUND``.",
        "One answer to one mistake.",
        "1.4",
    ),
    Difference(
        "too-few-arguments",
        _MALFORMED,
        "A packet with fewer arguments than its type needs gets no answer; the parser goes on "
        "into the next packet, and the connection is closed or never answers again.",
        "It is answered by ERROR ``INVALID_ARGUMENT``, and the connection goes on.",
        "The sender learns what is wrong, and nothing behind the packet is lost.",
        "1.6 and 9.2",
    ),
    Difference(
        "argument-too-long",
        _MALFORMED,
        "A name that does not fit into the 8 KiB receive buffer closes the connection.",
        "It is answered by ERROR ``ARGUMENT_TOO_LARGE``, and the connection goes on.",
        "The sender learns what is wrong.",
        "1.1 and 9.2",
    ),
    Difference(
        "internal-failure",
        _MALFORMED,
        "GET_STATUS and GET_STATUS_UNIQUE with 64 or more bytes and numbers beyond 64 bits or 11 "
        "digits close the connection, or are not answered, depending on ``--threads``.",
        "Such a handle or unique is unknown; a timeout beyond all numbers is none; progress is "
        "forwarded; an epoch beyond 64 bits is answered by ERROR ``INVALID_ARGUMENT``. The "
        "connection goes on.",
        "One defined answer.",
        "1.5 and 9.2",
    ),
    Difference(
        "deadly-packets",
        _MALFORMED,
        "One packet with a type of 2147483648 or more ends the server, and so does CAN_DO_TIMEOUT "
        "with a number of exactly 20 digits.",
        "The first closes the connection that sent it, the second means no timeout.",
        "No single packet stops the server.",
        "1.6 and 9.2",
    ),
    Difference(
        "half-close-answered",
        _MALFORMED,
        "Requests in front of a half-closed connection's end are carried out, and their replies "
        "are mostly thrown away.",
        "They are carried out and answered; then the connection is closed.",
        "``printf ... | nc`` sees the reply.",
        "1.6",
    ),
    Difference(
        "create-function-lf",
        _TEXT,
        "``create function NAME`` with a bare line feed loses the name's last character.",
        "The name is taken whole.",
        "All commands take both line ends.",
        "3.1 and 9.17",
    ),
    Difference(
        "drop-one-function",
        _TEXT,
        "``drop function`` compares names without regard to case, drops every function that "
        "matches, and sends one reply for each.",
        "It drops the function that is spelled alike, or else one that matches without regard to "
        "case, and sends one reply.",
        "One reply to one command; a script that reads line by line stays in step.",
        "3.1 and 9.17",
    ),
    Difference(
        "maxqueue-before-function",
        _TEXT,
        "``maxqueue`` for a function that does not exist yet says OK and has no effect.",
        "The limit holds when the function appears.",
        "Limits can be set when the server starts.",
        "2.9 and 9.18",
    ),
    Difference(
        "control-characters",
        _TEXT,
        "Names and ids with control characters are printed raw, and tear the listing apart.",
        "They are printed as ``\\x0a``.",
        "Every line of a listing is one row.",
        "1.6 and 9.17",
    ),
    Difference(
        "log-level",
        _TEXT,
        "The log level is ERROR unless ``--verbose`` says otherwise, and ``verbose`` prints it.",
        "It is NOTICE.",
        "Starts, stops, refusals and losses are told; a normal packet logs nothing at any level.",
        "3.1 and 4.1",
    ),
    Difference(
        "new-commands",
        _TEXT,
        "``help``, ``jobs``, ``job``, ``clients``, ``functions`` and ``store`` are unknown.",
        "They answer.",
        "The queue can be looked at without another tool.",
        "3.1",
    ),
)
