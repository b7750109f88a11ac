"""The three parties on a faulty network: every task ends once, and no accepted job is lost."""

from __future__ import annotations

from tests.parties.machine import Parties
from tests.support.effort import long_run

Parties.TestCase.settings = long_run(60, 40)
PartiesTests = Parties.TestCase
