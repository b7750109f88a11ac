"""The table of options of the job server: names, letters, values, defaults and help.

An option of the C server has its name, letter and meaning here. Options that only the C server has
are in :mod:`gearman_tx.daemon.options.c_options`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.admin import VERBOSITIES
from gearman_tx.core import (
    DEFAULT_MAX_FUNCTION_NAME,
    DEFAULT_MAX_FUNCTIONS,
    DEFAULT_MAX_UNIQUE,
    UNLIMITED_RETRIES,
)
from gearman_tx.daemon.log import TRACING
from gearman_tx.daemon.log_format import FORMATS, TEXT
from gearman_tx.daemon.options import values
from gearman_tx.daemon.options.option import Option, number, seconds, size
from gearman_tx.link.limits import DEFAULT_MAX_OUTPUT, DEFAULT_OUTPUT_TIMEOUT, DEFAULT_PAUSE_OUTPUT
from gearman_tx.server import keepalive
from gearman_tx.wire import DEFAULT_MAX_PACKET, DEFAULT_MAX_TEXT_LINE
from gearman_tx.wire.limits import LARGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping

    Groups = Mapping[str, tuple[Option, ...]]

DEFAULT_PORT: Final = 4730
LEAST_BACKLOG: Final = 1024
"""The smallest backlog: connections that may wait to be accepted."""

DEFAULT_VERBOSE: Final = "NOTICE"
"""The C server's default is ERROR; this server can log more: normal packets log nothing."""

HELP_GROUP: Final = "Help"

LEAST_FILES: Final = 64
"""The smallest number of open files: half of them are for connections."""

_DAY: Final = 86400.0
_MOST_RETRIES: Final = 255  # the C server counts losses in one byte
_MOST_FILES: Final = 2**30


LISTENING: Final = (
    number(
        "port",
        DEFAULT_PORT,
        "TCP port to listen on; 0 takes a free one and logs it. Without this option the "
        "environment variable GEARMAND_PORT decides.",
        letter="p",
        most=65535,
    ),
    Option(
        "listen",
        "Address to listen on, or a host name for all its addresses. Without it the server listens "
        "on all addresses of this machine, IPv4 and IPv6.",
        letter="L",
        value="ADDRESS",
        default="",
    ),
    Option(
        "endpoint",
        "Listen on a Twisted server endpoint, such as unix:/run/gearmand.sock, "
        "systemd:domain=INET:index=0 or ssl:4731:privateKey=key.pem:certKey=cert.pem. May be "
        "given several times. The server then opens no TCP port, unless --port or --listen is "
        "given as well.",
        value="STRING",
        read=values.text,
        repeats=True,
    ),
    number(
        "backlog",
        LEAST_BACKLOG,
        f"Connections that may wait to be accepted; at least {LEAST_BACKLOG}, to which a smaller "
        "number is raised.",
        letter="b",
        least=1,
    ),
    number(
        "keepalive-idle",
        keepalive.DEFAULT_IDLE,
        "Seconds of silence after which TCP probes whether a peer is there; -1 leaves this to the "
        "operating system (two hours on Linux).",
        least=-1,
        most=32767,
    ),
    number(
        "keepalive-interval",
        keepalive.DEFAULT_INTERVAL,
        "Seconds between two such probes; -1 leaves this to the operating system.",
        least=-1,
        most=32767,
    ),
    number(
        "keepalive-count",
        keepalive.DEFAULT_COUNT,
        "Probes without an answer after which the connection is lost; -1 leaves this to the "
        "operating system.",
        least=-1,
        most=127,
    ),
)

QUEUES: Final = (
    Option(
        "exceptions",
        "Pass a worker's exceptions on to every client, as if it had asked for them.",
    ),
    number(
        "job-retries",
        UNLIMITED_RETRIES,
        "Number of losses of a job (its worker disconnects or runs out of time) at which the job "
        "is given up and its clients receive WORK_FAIL; -1 and 0 never give up a job.",
        letter="j",
        least=-1,
        most=_MOST_RETRIES,
    ),
    number(
        "worker-wakeup",
        1,
        "Sleeping workers that are woken for each job; 0 wakes all of them.",
        letter="w",
    ),
    Option(
        "maxqueue",
        "How many queued and running jobs a function may have before submissions are refused: "
        "one number, or three for submissions of high, normal and low priority; 0 means no limit. "
        "The text command maxqueue sets the numbers of a single function.",
        value="N[,N,N]",
        default=(0, 0, 0),
        shown="0",
        read=values.max_queue,
    ),
    Option(
        "order",
        "Which job a worker with several functions gets next. With priority, the job of the "
        "highest priority; functions of one priority take turns. With function, all jobs of the "
        "function that was registered last, then those of the others, as in the C server 1.1.",
        value="priority|function",
        default="priority",
        shown="priority",
        read=values.one_of("priority", "function"),
    ),
    Option(
        "timed-out",
        "What happens to a job that runs longer than its worker's CAN_DO_TIMEOUT: requeue gives it "
        "to another worker, fail ends it with WORK_FAIL.",
        value="requeue|fail",
        default="requeue",
        shown="requeue",
        read=values.one_of("requeue", "fail"),
    ),
    Option(
        "requeue",
        "Where a job whose worker was lost is put in its queue.",
        value="back|front",
        default="back",
        shown="back",
        read=values.one_of("back", "front"),
    ),
    Option(
        "job-handle-prefix",
        "Prefix of job handles. The default is H: and the name of this machine.",
        value="TEXT",
        default="",
    ),
)

LIMITS: Final = (
    number(
        "max-connections",
        1_000_000,
        "Connections that may be open at once. Further ones wait to be accepted until one is "
        "closed. The number of open files limits connections too.",
        least=1,
    ),
    Option(
        "file-descriptors",
        "Files and connections that the process may have open, if this user may set that many; at "
        f"least {LEAST_FILES}, to which a smaller number is raised. 0, the default, is as many as "
        "the operating system allows.",
        letter="f",
        value="NUMBER",
        read=values.number(0, _MOST_FILES),
    ),
    size(
        "max-packet",
        DEFAULT_MAX_PACKET,
        "Largest packet, and so about the largest workload or result; a larger one is answered "
        "with ERROR and dropped.",
        least=1024,
        most=LARGEST_SIZE,
    ),
    size(
        "max-text-line",
        DEFAULT_MAX_TEXT_LINE,
        "Longest line of the text protocol; a connection that sends a longer one is closed.",
        least=64,
        most=2**20,
    ),
    size(
        "max-function-name",
        DEFAULT_MAX_FUNCTION_NAME,
        "Longest name of a function; longer ones are refused.",
        least=1,
        most=2**20,
    ),
    size(
        "max-unique",
        DEFAULT_MAX_UNIQUE,
        "Longest unique of a job; longer ones are refused.",
        least=1,
        most=2**20,
    ),
    number(
        "max-functions",
        DEFAULT_MAX_FUNCTIONS,
        "Functions that the server may hold at once; unused ones make room for others.",
        least=1,
    ),
    size(
        "pause-output",
        DEFAULT_PAUSE_OUTPUT,
        "Unread output of a connection above which the server reads no more requests from it; "
        "answers to submissions do not count.",
        least=0,
        most=2**40,
    ),
    size(
        "max-output",
        DEFAULT_MAX_OUTPUT,
        "Unread output of a connection above which it is closed; its jobs are kept.",
        least=1,
        most=2**40,
    ),
    seconds(
        "output-timeout",
        DEFAULT_OUTPUT_TIMEOUT,
        "How long a connection above --pause-output may read nothing before it is closed.",
        least=0.1,
        most=_DAY,
    ),
)

HELP: Final = Option("help", "Print this help and exit.", letter="h")
VERSION: Final = Option("version", "Print the version and exit.", letter="V")

STOPPING: Final = (
    Option(
        "allow-shutdown",
        "Let the text commands shutdown and shutdown graceful stop the server. Every program that "
        "can connect can then send them.",
    ),
    seconds(
        "shutdown-timeout",
        0.0,
        "Time after which a graceful shutdown (SIGUSR1) stops waiting for jobs; 0 waits for the "
        "last one.",
        least=0.0,
        most=30 * _DAY,
    ),
)

CONFIG_FILE: Final = Option(
    "config-file",
    "File with more options, separated by blanks or line ends; # starts a comment. Options on "
    "the command line take precedence.",
    value="FILE",
    read=values.text,
)

LOG_FILE: Final = Option(
    "log-file",
    "File to log to, or stderr, or none; reopened on SIGHUP. Without it twistd logs, as its own "
    "options say.",
    letter="l",
    value="FILE",
    default="",
)

LOG_FORMAT: Final = Option(
    "log-format",
    f"How a line of the log is written: {' or '.join(FORMATS)}. JSON has one object a line, with "
    "time, level, event, peer and message. Text to the journal of systemd has no time, and the "
    "priority of each line.",
    value="FORMAT",
    default=TEXT,
    shown=TEXT,
    read=values.choice(*FORMATS),
)

VERBOSE: Final = Option(
    "verbose",
    f"Verbosity of the log, from low to high: {', '.join(VERBOSITIES)}. {TRACING} also logs each "
    "connection, when it begins and when it ends.",
    value="LEVEL",
    default=DEFAULT_VERBOSE,
    shown=DEFAULT_VERBOSE,
    read=values.choice(*VERBOSITIES),
)
