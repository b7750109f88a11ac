"""A client and a worker program in one language, run with the same arguments as in any other.

Every worker takes ``PORT FUNCTION=BEHAVIOUR ...`` and knows these behaviours:

``reverse``    completes with the workload reversed
``length``     completes with the number of bytes of the workload
``progress``   data "one", warning "careful", status 1/2, data "two", completes as ``reverse``
``fail``       fails the job
``exception``  fails the job with the exception "boom"
``empty``      completes with no bytes
``hold``       status 3/7, prints "holding <workload>", and completes as ``reverse`` after it has
               read one line from standard input

Every client takes ``PORT MODE FUNCTION [ARGUMENT]`` with the workload on standard input and
knows at least the mode ``do``, which prints the result. In the mode ``events`` each packet about
the job is one line: "created <handle>", "data one", "status 1/2", "complete olleh", "fail" ...
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen


@frozen
class Language:
    """How to run the client and the worker of one language or library.

    Attributes:
        name: what tests call it.
        client: the command of the client program, before its arguments.
        worker: the command of the worker program, before its arguments.
        env: variables both need.
    """

    name: str
    client: tuple[str, ...]
    worker: tuple[str, ...]
    env: Mapping[str, str] = Factory(dict)
