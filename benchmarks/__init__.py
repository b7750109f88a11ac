"""Measure gearman_tx beside its peers, in one run and on one machine: ``python -m benchmarks``.

Several *contenders* play each *kind* of work in turn, for several rounds, and their medians are
compared. The framework knows nothing of Gearman:

- ``kind``, ``contender``, ``effort``: what is measured, of whom, and for how long;
- ``contest`` runs the rounds, ``results`` keeps the figures, ``targets`` judges them;
- ``table``, ``page`` and ``chart`` show them; ``machine`` describes the machine.

Job servers are in ``job_servers`` and ``kinds``, client libraries in ``libraries``, the load
programs in ``load``. ``suites`` combines kinds, contenders and targets.
"""
