"""The programs that tests start: a client and a worker in each language, one folder a language."""
