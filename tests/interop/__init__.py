"""Other people's clients and workers, really run, against the C gearmand and against ours."""
