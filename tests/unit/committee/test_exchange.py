"""Members over real sockets: what is served, what is refused, and who keeps whom waiting."""

import base64
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from keel.committee.allowance import BURST, Allowance
from keel.committee.ballot_box import BallotBox
from keel.committee.exchange import exchange_app
from keel.committee.messages import MOST_BALLOT_BYTES, BallotsMessage
from keel.committee.peers import Peers
from keel.model.commitment import OperatorTotals, operators_tree
from keel.serving import serve_app
from tests.unit.committee.committee_examples import (
    CHAIN_ID,
    LIE,
    MEMBERS,
    NOW,
    OUTSIDER,
    REF_SLOT,
    REPORT,
    TERMS,
    TIMETABLE,
    signed,
)

LEAVES = (OperatorTotals(0, 3, 1, 0, 10**24), OperatorTotals(2, 1, 0, 1, 7))
ROOT = operators_tree(LEAVES).root
TIMEOUT = 0.25


@pytest.fixture
def box() -> BallotBox:
    opened = BallotBox(CHAIN_ID, TIMETABLE)
    opened.open_for(TERMS, NOW)
    return opened


@pytest.fixture
def url(box: BallotBox) -> Iterator[str]:
    leaves = {ROOT: LEAVES, bytes(32): LEAVES}  # the second is a lie
    with serve_app(exchange_app(box, leaves.get), "127.0.0.1", 0) as served:
        yield served


@contextmanager
def raw_server(answer: bytes = b"", pause: float = 0.0) -> Iterator[str]:
    """Accepts, reads and sends the answer byte by byte with a pause, or nothing for ever."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            try:
                for byte in answer:
                    connection.sendall(bytes([byte]))
                    if stop.wait(pause):
                        return
            except OSError:
                return
            if not answer:
                stop.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()


def test_a_ballot_goes_to_the_peer_and_comes_back_with_those_of_others(
    url: str, box: BallotBox
) -> None:
    box.take(signed(MEMBERS[1]))
    with Peers([url], TIMEOUT) as peers:
        peers.offer([signed(MEMBERS[0])])
        assert set(peers.ballots(REF_SLOT)) == {signed(MEMBERS[0]), signed(MEMBERS[1])}
        assert peers.ballots(REF_SLOT + 32) == []
        assert peers.problems == {}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_peer_is_asked_behind_its_path_with_its_query_and_password(
    box: BallotBox, slash: str
) -> None:
    asked: list[tuple[str, str, str]] = []
    behind = Mount("/member/2", exchange_app(box, {ROOT: LEAVES}.get))

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        headers = request.headers.get("authorization", "")
        asked.append((request.url.path, request.url.query, headers))
        await behind(scope, receive, send)

    box.take(signed(MEMBERS[1]))
    with serve_app(noted, "127.0.0.1", 0) as served:
        url = served.replace("://", "://us:er@") + f"/member/2{slash}?key=a%2Fb&n=1"
        with Peers([url], 5.0) as peers:
            peers.offer([signed(MEMBERS[0])])
            assert set(peers.ballots(REF_SLOT)) == {signed(MEMBERS[0]), signed(MEMBERS[1])}
            assert peers.operators(ROOT) == LEAVES
            assert peers.problems == {}
    paths = ["ballots", f"ballots/{REF_SLOT}", f"operators/0x{ROOT.hex()}"]
    basic = "Basic " + base64.b64encode(b"us:er").decode()
    assert asked == [(f"/member/2/v1/{path}", "key=a%2Fb&n=1", basic) for path in paths]


def test_a_ballot_that_a_peer_has_taken_is_not_sent_again(url: str, box: BallotBox) -> None:
    with Peers([url], TIMEOUT) as peers:
        peers.offer([signed(MEMBERS[0])])
        box.open_for(TERMS, TIMETABLE.deadline(REF_SLOT))  # it forgets
        peers.offer([signed(MEMBERS[0])])
        assert peers.problems == {}
        assert box.received == 1


def test_a_refused_ballot_is_named_and_offered_again(url: str, box: BallotBox) -> None:
    box.open_for(TERMS, TIMETABLE.reportable_at(REF_SLOT - 64))  # it is two frames behind
    with Peers([url], TIMEOUT) as peers:
        peers.offer([signed(MEMBERS[0])])
        assert "slot 95 cannot be reported now" in peers.problems[url]
        box.open_for(TERMS, NOW)
        peers.offer([signed(MEMBERS[0])])
        assert peers.problems == {}
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[0]),)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 400, "Invalid JSON"),
        (b"\xff\xfe{", 400, "Invalid JSON"),
        (b"[]", 400, "should be an object"),
        (b'{"report": ' + b"[" * 5000, 400, "Invalid JSON"),
        (b" " * (MOST_BALLOT_BYTES + 1), 413, "a ballot has at most 16384 bytes"),
        (signed(OUTSIDER).model_dump_json().encode(), 403, "is not a member"),
        (signed(MEMBERS[0], nonce=7).model_dump_json().encode(), 400, "nonce of the member set"),
    ],
)
def test_what_is_no_ballot_that_counts_is_refused(
    url: str, box: BallotBox, body: bytes, status: int, message: str
) -> None:
    answer = httpx.post(f"{url}/v1/ballots", content=body)
    assert answer.status_code == status
    document = answer.json()
    assert document["code"] == status
    assert message in document["message"]
    assert box.received == 0


def test_an_unproven_ballot_is_accepted_and_offered_again_until_it_counts(
    url: str, box: BallotBox
) -> None:
    wallet = OUTSIDER.address
    terms = replace(TERMS, members=(*TERMS.members, wallet), contracts=frozenset({wallet}))
    box.open_for(terms, NOW)
    ballot = signed(MEMBERS[0]).model_copy(update={"signer": wallet, "signature": b"owners"})
    body = ballot.model_dump_json()
    assert httpx.post(f"{url}/v1/ballots", content=body).status_code == 202
    with Peers([url], TIMEOUT) as peers:
        peers.offer([ballot])
        assert peers.problems == {}
        box.prove(lambda *_: False)
        peers.offer([ballot])  # it was not taken, so it comes again
        box.prove(lambda *_: True)
        assert box.ballots(REF_SLOT) == (ballot,)
        assert httpx.post(f"{url}/v1/ballots", content=body).status_code == 204
        assert peers.problems == {}


@pytest.mark.parametrize("kind", ["forged", "malformed", "too long"])
def test_invalid_ballots_are_looked_at_up_to_a_rate(box: BallotBox, kind: str) -> None:
    """By a clock that stands: how fast a machine asks must not matter."""
    app = exchange_app(box, {ROOT: LEAVES}.get, Allowance(lambda: 0.0))
    forged = signed(OUTSIDER).model_copy(update={"signer": MEMBERS[0].address})
    bodies = {
        "forged": forged.model_dump_json().encode(),
        "malformed": b"{",
        "too long": b" " * (MOST_BALLOT_BYTES + 1),
    }
    with serve_app(app, "127.0.0.1", 0) as url, httpx.Client() as client:
        answers = [client.post(f"{url}/v1/ballots", content=bodies[kind]) for _ in range(2 * BURST)]
        statuses = [answer.status_code for answer in answers]
        assert 429 not in statuses[:BURST]
        assert statuses[BURST:] == [429] * BURST
        assert answers[-1].headers["Retry-After"] == "1"
        assert "too many invalid ballots" in answers[-1].json()["message"]
        forwarded = client.post(
            f"{url}/v1/ballots", content=bodies[kind], headers={"X-Forwarded-For": "192.0.2.1"}
        )
        assert forwarded.status_code == 429
        assert client.get(f"{url}/v1/ballots/{REF_SLOT}").status_code == 200


def test_late_ballots_of_honest_members_are_not_held_against_them(url: str, box: BallotBox) -> None:
    late = signed(MEMBERS[0], replace(REPORT, ref_slot=63)).model_dump_json()
    with httpx.Client() as client:
        for _ in range(2 * BURST):
            assert client.post(f"{url}/v1/ballots", content=late).status_code == 400
    with Peers([url], TIMEOUT) as peers:
        peers.offer([signed(MEMBERS[0])])
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[0]),)


def test_a_peer_that_hands_out_forged_ballots_is_named(box: BallotBox) -> None:
    forged = signed(OUTSIDER).model_copy(update={"signer": MEMBERS[0].address})
    body = BallotsMessage(ballots=(forged, signed(MEMBERS[1]))).model_dump_json().encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with raw_server(answer) as peer, Peers([peer], 2) as peers:
        peers.gather(REF_SLOT, box)
        assert "sent invalid ballots" in peers.problems[peer]
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[1]),)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/ballots/x", 400),
        ("/v1/ballots/%C2%B2", 400),
        ("/v1/ballots/" + "9" * 50, 400),
        ("/v1/operators/0x12", 400),
        ("/v1/operators/" + "zz" * 32, 400),
        ("/v1/operators/0x" + "11" * 32, 404),
        ("/v2/ballots/1", 404),
    ],
)
def test_unknown_addresses_are_answered_as_json(url: str, path: str, status: int) -> None:
    answer = httpx.get(url + path)
    assert (answer.status_code, answer.json()["code"]) == (status, status)


def test_leaves_are_found_by_their_root_and_checked(url: str) -> None:
    with Peers([url], TIMEOUT) as peers:
        assert peers.operators(ROOT) == LEAVES
        assert peers.operators(bytes([1]) * 32) is None
        assert peers.problems == {}
        assert peers.operators(bytes(32)) is None
        assert "sent leaves without the root 0x00" in peers.problems[url]


def test_slow_clients_and_huge_bodies_do_not_stop_the_others(
    url: str, box: BallotBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keel.committee.exchange.BODY_SECONDS", 0.5)
    parts = urlsplit(url)
    head = f"POST /v1/ballots HTTP/1.1\r\nHost: x\r\nContent-Length: {2**40}\r\n\r\n".encode()
    slow = [socket.create_connection((parts.hostname, parts.port)) for _ in range(20)]
    for connection in slow[:10]:
        connection.sendall(head)
    for connection in slow[10:]:
        connection.sendall(head[:20])
    with Peers([url], TIMEOUT) as peers:
        peers.offer([signed(MEMBERS[0])])
        assert peers.problems == {}
    assert box.received == 1
    slow[0].settimeout(5)
    assert slow[0].recv(65536).startswith(b"HTTP/1.1 408 ")
    for connection in slow:
        connection.close()


def test_silent_connections_give_way_and_are_bounded(box: BallotBox) -> None:
    app = exchange_app(box, lambda _: None)
    with serve_app(app, "127.0.0.1", 0, most_connections=3) as url:
        parts = urlsplit(url)
        held = [socket.create_connection((parts.hostname, parts.port)) for _ in range(5)]
        half = b"POST /v1/ballots HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
        with suppress(OSError):
            held[-1].sendall(half)
        time.sleep(0.1)
        assert httpx.get(f"{url}/v1/ballots/95").status_code == 200
        time.sleep(0.1)
        assert sum(_is_open(connection) for connection in held) < 3
        for connection in held:
            connection.close()


def test_requests_beyond_the_bound_are_turned_away_while_all_are_busy(box: BallotBox) -> None:
    go_on = threading.Event()

    def find_slowly(_root: bytes) -> None:
        go_on.wait(10)

    app = exchange_app(box, find_slowly)
    with serve_app(app, "127.0.0.1", 0, most_connections=2) as url:
        asking = threading.Thread(
            target=httpx.get, args=(f"{url}/v1/operators/0x{'00' * 32}",), kwargs={"timeout": 10}
        )
        asking.start()
        time.sleep(0.2)
        assert httpx.get(f"{url}/v1/ballots/95").status_code == 503
        go_on.set()
        asking.join()
        time.sleep(0.1)
        assert httpx.get(f"{url}/v1/ballots/95").status_code == 200


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_a_silent_peer_costs_one_timeout_and_is_left_out(url: str, box: BallotBox) -> None:
    box.take(signed(MEMBERS[1]))
    with raw_server() as silent, Peers([silent, url], TIMEOUT) as peers:
        begin = time.monotonic()
        assert peers.ballots(REF_SLOT) == [signed(MEMBERS[1])]
        assert TIMEOUT <= time.monotonic() - begin < 3 * TIMEOUT
        begin = time.monotonic()
        assert peers.ballots(REF_SLOT) == [signed(MEMBERS[1])]
        assert time.monotonic() - begin < TIMEOUT
        assert peers.problems.keys() == {silent}


def test_a_silent_peer_is_asked_again_after_a_while_that_doubles() -> None:
    clock = [100.0]
    with raw_server() as silent, Peers([silent], TIMEOUT, lambda: clock[0]) as peers:
        asked = []
        for _ in range(40):
            begin = time.monotonic()
            peers.ballots(REF_SLOT)
            if time.monotonic() - begin >= TIMEOUT / 2:
                asked.append(round((clock[0] - 100) / TIMEOUT))
                time.sleep(TIMEOUT)  # the question ends, and only then another one is asked
            clock[0] += TIMEOUT
        assert asked == [0, 4, 12, 28]


def test_a_peer_that_drips_is_given_up_in_time() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999
    with raw_server(answer, pause=0.02) as slow, Peers([slow], TIMEOUT) as peers:
        begin = time.monotonic()
        assert peers.ballots(REF_SLOT) == []
        assert time.monotonic() - begin < 3 * TIMEOUT
        assert slow in peers.problems


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"neither", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{]", "sent no ballots"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "answered with status 500"),
        (b"HTTP/1.1 301 No\r\nLocation: http://a\r\nContent-Length: 0\r\n\r\n", "status 301"),
    ],
)
def test_a_peer_whose_answer_cannot_be_decoded_is_named(answer: bytes, problem: str) -> None:
    with raw_server(answer) as peer, Peers([peer], 2) as peers:
        assert peers.ballots(REF_SLOT) == []
        assert problem in peers.problems[peer]


def test_a_peer_that_refuses_connections_is_asked_each_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    box = BallotBox(CHAIN_ID, TIMETABLE)
    box.open_for(TERMS, NOW)
    with Peers([f"http://127.0.0.1:{port}"], TIMEOUT) as peers:
        assert peers.ballots(REF_SLOT) == []
        assert "refused" in next(iter(peers.problems.values()))
        with serve_app(exchange_app(box, lambda _: None), "127.0.0.1", port):
            box.take(signed(MEMBERS[0], LIE))
            assert peers.ballots(REF_SLOT) == [signed(MEMBERS[0], LIE)]
            assert peers.problems == {}


def test_a_peer_cannot_slip_in_ballots_of_other_slots() -> None:
    body = orjson.dumps({"ballots": [orjson.loads(signed(MEMBERS[0]).model_dump_json())]})
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with raw_server(answer) as peer, Peers([peer], 2) as peers:
        assert peers.ballots(REF_SLOT + 32) == []
        assert peers.ballots(REF_SLOT) == [signed(MEMBERS[0])]
