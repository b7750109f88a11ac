"""The three parties in bad weather: every task ends once, nothing runs unasked, nothing is lost."""

from __future__ import annotations

from tests.parties.machine import Parties
from tests.support.effort import long_run

Parties.TestCase.settings = long_run(60, 40)
PartiesTests = Parties.TestCase
