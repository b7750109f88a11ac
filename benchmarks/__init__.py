"""Measure gearman_tx beside its peers, in one run and on one machine: ``python -m benchmarks``.

A *kind* of work is played by several *contenders*, round after round in turn, and the medians are
compared. The framework knows nothing of Gearman:

- ``kind``, ``contender``, ``effort``: what is measured, who takes part, how long it may take;
- ``contest`` plays the rounds, ``results`` keeps the figures, ``targets`` judges them;
- ``table``, ``page`` and ``chart`` show them; ``machine`` says what they were measured on.

What is about job servers lies in ``job_servers`` and ``kinds``, the load programs in ``load``. A
suite of ``suites`` brings kinds, contenders and targets together.
"""
