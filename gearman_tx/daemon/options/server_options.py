"""What both commands that start the job server do with their options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from typing_extensions import override

from gearman_tx.daemon.options import queue_options
from gearman_tx.daemon.options.table_options import TableOptions, read
from gearman_tx.daemon.working_folder import working_folder
from gearman_tx.errors import ConfigurationError
from gearman_tx.values.quantities import exact_size

PORT_VARIABLE: Final = "GEARMAND_PORT"


class ServerOptions(TableOptions):
    """The options of the job server, checked against each other."""

    @override
    def postOptions(self) -> None:
        """Take the port from the environment unless it was given; check related options.

        Raises:
            ConfigurationError: two options contradict each other.
        """
        word = os.environ.get(PORT_VARIABLE)
        if word and "port" not in self.given:
            self["port"] = read(f"environment variable {PORT_VARIABLE}", self.rows["port"], word)
            self.given.add("port")
        if self["pause-output"] > self["max-output"]:
            pause, most = exact_size(self["pause-output"]), exact_size(self["max-output"])
            raise ConfigurationError(f"--pause-output ({pause}) is more than --max-output ({most})")
        queue_options.settle(self)

    @property
    def folder(self) -> Path:
        """The working folder of the server.

        Raises:
            ConfigurationError: it was removed.
        """
        return working_folder()
