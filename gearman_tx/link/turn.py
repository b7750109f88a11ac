"""One reactor turn: first all reads are handled, then all output is written.

An output with something to send joins the turn. After all reads of the turn each of these outputs
is flushed once, so a connection costs one ``send`` a turn, however many packets it gets. Then the
hooks run, for work that is done once a turn and not once a packet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime

    from gearman_tx.link.output import Output

_log: Final = Logger()


class Turn:
    """The outputs to flush at the end of the present reactor turn.

    Args:
        clock: the reactor, which ends the turn.

    Attributes:
        beginnings: called in order when a turn begins with :meth:`begin`.
        hooks: called in order after the flush, each time a turn ends.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.beginnings: list[Callable[[], None]] = []
        self.hooks: list[Callable[[], None]] = []
        self._call_later = clock.callLater
        self._outputs: list[Output] = []
        self._is_due = False
        self._is_open = False

    def begin(self) -> None:
        """Begin a turn that :meth:`end` ends: outputs that join it need no timed call."""
        self._is_open = True
        for hook in self.beginnings:
            hook()

    def end(self) -> None:
        """Flush and run the hooks now."""
        self._is_open = False
        self._end()

    def touch(self) -> None:
        """Make sure that this turn ends with a flush and the hooks."""
        if not (self._is_open or self._is_due):
            self._is_due = True
            # The reactor runs this before it polls again, so after all reads of this turn.
            self._call_later(0, self._end)

    def join(self, output: Output) -> None:
        """Have ``output`` flushed when this turn ends; once a turn is enough."""
        self._outputs.append(output)
        self.touch()

    def flush(self) -> None:
        """Write the gathered output now."""
        outputs, self._outputs = self._outputs, []
        for output in outputs:
            try:
                output.flush()
            except Exception:  # noqa: BLE001  # an error of one connection ends that one alone
                _log.failure("a connection could not be written to", event="bug")
                output.abort()

    def _end(self) -> None:
        self._is_due = False
        self.flush()
        for hook in self.hooks:
            try:
                hook()
            except Exception:  # noqa: BLE001  # the other hooks have their own work
                _log.failure("the work of a turn could not be done", event="bug")
