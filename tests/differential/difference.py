"""What an entry of the list of allowed differences is."""

from __future__ import annotations

from attrs import frozen


@frozen
class Difference:
    """One deliberate difference.

    Attributes:
        name: what scripts call it.
        subject: the heading under which it belongs.
        c: what the C server 1.1.20 does.
        ours: what gearman_tx does.
        why: what is gained.
        section: the section of the behaviour reference in which the C server's way is described,
            and the point of its list of what a better server must do, if there is one.
    """

    name: str
    subject: str
    c: str
    ours: str
    why: str
    section: str
