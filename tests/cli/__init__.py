"""The command ``gearman-tx``, above all the drop-in for the C server."""
