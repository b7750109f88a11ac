"""Take over the jobs that the C server keeps in SQLite, MySQL, PostgreSQL or redis.

:func:`open_source` opens one of its stores, :func:`take_over` brings the jobs into a queue file.
"""

from gearman_tx.importing.address import DriverMissingError, Wish, open_source
from gearman_tx.importing.source import Source, SourceError
from gearman_tx.importing.take_over import Load, Outcome, TakenBeforeError, source_id, take_over
from gearman_tx.importing.tally import FunctionTally, Tally

__all__ = [
    "DriverMissingError",
    "FunctionTally",
    "Load",
    "Outcome",
    "Source",
    "SourceError",
    "TakenBeforeError",
    "Tally",
    "Wish",
    "open_source",
    "source_id",
    "take_over",
]
