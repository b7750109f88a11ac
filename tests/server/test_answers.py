"""Every request to a durable queue has one answer, in its place, through all failures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.link.logs import watched_log
from tests.server import packets as p
from tests.server.held_store_fixture import HeldStoreFixture, submit
from tests.server.packets import req
from tests.server.server_fixture import FakePeer

_REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["bg", "bg", "fg", "echo", "line"]),
        st.sampled_from([b"", b"a", b"b", b"c"]),
    ),
    min_size=1,
    max_size=5,
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 1), _REQUESTS), st.just("turn"), st.just("keep"), st.just("fail")
    ),
    max_size=25,
)


@given(steps=_STEPS)
def test_exactly_one_answer_for_each_request_in_order(steps: list[object]) -> None:
    """Jobs are submitted, joined, stored and refused; answers match requests one by one."""
    with watched_log():
        stage = HeldStoreFixture()
        peers = [stage.connect(), stage.connect()]
        asked: list[list[tuple[str, bytes]]] = [[], []]
        uniques: dict[bytes, bytes] = {}
        for step in [*steps, "turn"]:
            if isinstance(step, tuple):
                index, requests = step
                asked[index] += requests
                peers[index].gives(b"".join(_request(*request) for request in requests))
                uniques |= {job.handle: job.unique for job in stage.jobs.tables.jobs}
            elif step == "turn":
                stage.end_turn()
            elif stage.store.under_way is not None:
                stage.keep() if step == "keep" else stage.fail()
        while stage.store.under_way is not None:
            stage.keep()
        for peer, requests in zip(peers, asked, strict=True):
            _check(peer, requests, uniques)


def _request(kind: str, unique: bytes) -> bytes:
    if kind == "line":
        return b"getpid %b\n" % unique
    if kind == "echo":
        return req(p.ECHO_REQ, unique)
    return submit(unique, p.SUBMIT_JOB_BG if kind == "bg" else p.SUBMIT_JOB)


def _check(peer: FakePeer, requests: list[tuple[str, bytes]], uniques: dict[bytes, bytes]) -> None:
    answers = PacketDecoder(RESPONSE_MAGIC).feed(peer.hears())
    assert len(answers) == len(requests)
    for (packet_type, body), (kind, unique) in zip(answers, requests, strict=True):
        if kind == "line":
            assert packet_type == 0
        elif kind == "echo":
            assert (packet_type, body) == (p.ECHO_RES, unique)
        elif packet_type == p.ERROR:
            assert kind == "bg"
        else:
            assert packet_type == p.JOB_CREATED
            assert uniques[body] == unique
