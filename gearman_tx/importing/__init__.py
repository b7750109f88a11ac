"""Import the jobs that the C server keeps in SQLite, MySQL, PostgreSQL or redis.

:func:`open_source` opens one of its stores, :func:`import_jobs` copies the jobs into a queue file.
"""

from gearman_tx.importing.address import DriverMissingError, SourceOptions, open_source
from gearman_tx.importing.import_jobs import (
    ImportedBeforeError,
    Outcome,
    Target,
    import_jobs,
    source_id,
)
from gearman_tx.importing.source import Source, SourceError
from gearman_tx.importing.tally import FunctionTally, Tally

__all__ = [
    "DriverMissingError",
    "FunctionTally",
    "ImportedBeforeError",
    "Outcome",
    "Source",
    "SourceError",
    "SourceOptions",
    "Tally",
    "Target",
    "import_jobs",
    "open_source",
    "source_id",
]
