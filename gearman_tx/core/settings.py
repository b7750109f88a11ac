"""What an operator may set for one function: a frozen value, one record per function.

A new setting is one field here. The verb that changes it (:meth:`Control.configure`), the batch
that carries it and the table that stores it take the whole record and need no change.
"""

from __future__ import annotations

from typing import Final, NamedTuple

UNLIMITED: Final = 0
"""The value of a queue limit that limits nothing."""


class FunctionSettings(NamedTuple):
    """The settings of one function.

    The path of a job looks at them only if they differ from the defaults (``Function.is_plain``).

    Attributes:
        max_queue: how many jobs the function may have when a job of high, normal or low priority
            is submitted; 0 is no limit.
    """

    max_queue: tuple[int, int, int] = (UNLIMITED, UNLIMITED, UNLIMITED)


PLAIN: Final = FunctionSettings()
"""The defaults: a function with these settings does what a function of the C server does."""
