"""The text protocol: reports for operators, and what they may do, on the port of the packets.

:class:`AdminCommands` answers a line. ``verbs`` is the table of commands, ``reports`` turns
snapshots into rows, ``answers`` has the replies of one line, ``names`` keeps control characters
out of all of them. No socket is seen here: whoever received the line writes the reply.
"""

from gearman_tx.admin.commands import MAX_WORDS, VERBOSITIES, AdminCommands
from gearman_tx.admin.names import escape, unescape

__all__ = ["MAX_WORDS", "VERBOSITIES", "AdminCommands", "escape", "unescape"]
