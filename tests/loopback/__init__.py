"""Real sockets on 127.0.0.1, in one reactor with the test, against real job servers."""
