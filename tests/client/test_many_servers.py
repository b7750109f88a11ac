"""Several servers: one unique goes to one server, other tasks share the load."""

from __future__ import annotations

from tests.client.client_case import ClientCase


class ManyServersTests(ClientCase):
    """A client of three servers that are all up."""

    def counts(self, choice: str, uniques: list[bytes], workload: bytes = b"x") -> list[int]:
        """Return how many of the tasks with ``uniques`` each of three servers gets."""
        client = self.make_client(servers=3, choice=choice)
        client.connect()
        peers = [fake.accept() for fake in self.fakes]
        for unique in uniques:
            client.submit("f", workload, unique=unique)
        return [len(peer.read()) for peer in peers]

    def test_hash_brings_the_same_unique_to_the_same_server(self) -> None:
        """All of one unique go to one server, and different ones to all of them."""
        assert sorted(self.counts("hash", [b"u"] * 9)) == [0, 0, 9]
        assert all(self.counts("hash", [b"%d" % number for number in range(60)]))

    def test_hash_shares_tasks_without_a_unique_evenly(self) -> None:
        """Tasks without a unique go to all servers."""
        assert self.counts("hash", [b""] * 9) == [3, 3, 3]

    def test_hash_of_the_workload_for_the_unique_that_means_it(self) -> None:
        """``-`` joins submissions with the same workload, so the workload decides."""
        assert sorted(self.counts("hash", [b"-"] * 9)) == [0, 0, 9]
        places = [self.counts("hash", [b"-"], b"%d" % number).index(1) for number in range(30)]
        assert set(places) == {0, 1, 2}

    def test_other_choices(self) -> None:
        """In order, each in turn, or any."""
        assert self.counts("in order", [b"u"] * 9) == [9, 0, 0]
        assert self.counts("round robin", [b"u"] * 9) == [3, 3, 3]
        assert sum(self.counts("random", [b"u"] * 9)) == 9

    def test_the_unique_of_a_lost_server_goes_to_one_other_and_comes_back(self) -> None:
        """While the server is down its uniques go to the next server on the ring."""
        client = self.make_client(servers=3, choice="hash")
        client.connect()
        peers = [fake.accept() for fake in self.fakes]
        client.submit("f", b"x", unique="u", background=True)
        home = [bool(peer.read()) for peer in peers].index(True)
        peers[home].create(b"H:1")
        peers[home].lose()
        for _ in range(4):
            client.submit("f", b"x", unique="u")
        sent = [len(peers[place].read()) for place in range(3) if place != home]
        assert sorted(sent) == [0, 4]
        self.advance(1)
        peers[home] = self.fakes[home].accept()
        client.submit("f", b"x", unique="u")
        assert [len(peer.read()) for peer in peers] == [int(n == home) for n in range(3)]
