"""Programs in the style of python-gearman's documentation, run with pygearman and with our door."""
