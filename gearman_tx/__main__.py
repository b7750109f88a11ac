"""``python -m gearman_tx`` is ``gearman-tx``."""

import sys

from gearman_tx.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
