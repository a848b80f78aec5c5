"""Several beacon nodes: what enough of them say counts, and who says otherwise is named."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import orjson
import pytest

from keel.errors import KeelError
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NoAgreementError, NodeSettingsError
from keel.nodes.panel import Backoff
from tests.unit.nodes.node_servers import Answer, BeaconAnswers, serving, silent, unreachable

TIMEOUT = 0.4
SSZ = {"Content-Type": "application/octet-stream", "Eth-Consensus-Version": "fulu"}


@dataclass
class Three:
    """Three nodes of the test's own, two of which must agree, and what was told of them."""

    nodes: list[BeaconAnswers]
    urls: list[str]
    beacon: AgreedBeacon
    told: list[tuple[str, str]]


@pytest.fixture
def three() -> Iterator[Three]:
    nodes = [BeaconAnswers() for _ in range(3)]
    told: list[tuple[str, str]] = []
    with ExitStack() as open_servers:
        urls = [open_servers.enter_context(serving(node)) for node in nodes]
        with AgreedBeacon(urls, 2, TIMEOUT, lambda *what: told.append(what)) as beacon:
            yield Three(nodes, urls, beacon, told)


def test_nodes_that_agree_are_read_without_a_word(three: Three) -> None:
    beacon = three.beacon
    assert beacon.network.slots_per_epoch == 8
    assert (beacon.head_slot(), beacon.finalised_slot()) == (100, 80)
    state = beacon.state(80)
    assert (state.slot, state.root, state.fork) == (80, b"\x0a" * 32, "fulu")
    assert state.data == three.nodes[0].state(80)
    assert three.told == []


def test_the_head_is_what_two_nodes_have_reached(three: Three) -> None:
    for node, slot in zip(three.nodes, (90, 10**9, 95), strict=True):
        node.syncing["head_slot"] = str(slot)
    assert three.beacon.head_slot() == 95
    three.nodes[0].syncing["head_slot"] = "99"
    assert three.beacon.head_slot() == 99


def test_finality_is_what_two_nodes_call_final(three: Three) -> None:
    three.nodes[2].final_epoch = 50
    assert three.beacon.finalised_slot() == 80
    three.nodes[1].final_epoch = 12
    assert three.beacon.finalised_slot() == 96


@pytest.mark.parametrize("flag", ["is_syncing", "is_optimistic", "el_offline"])
def test_nodes_that_do_not_follow_are_not_counted(three: Three, flag: str) -> None:
    three.nodes[0].syncing[flag] = True
    assert (three.beacon.head_slot(), three.beacon.finalised_slot()) == (100, 80)
    assert [url for url, _ in three.told] == [three.urls[0]]
    three.nodes[1].syncing[flag] = True
    with pytest.raises(NoAgreementError) as caught:
        three.beacon.head_slot()
    assert caught.value.said[three.urls[2]] == "100"


def test_a_lying_root_is_outvoted_and_named_once(three: Three) -> None:
    three.nodes[1].root = b"\x0d" * 32
    for _ in range(2):
        assert three.beacon.state_root(80) == b"\x0a" * 32
    ((url, problem),) = three.told
    assert url == three.urls[1]
    assert "0x0d0d" in problem
    assert "0x0a0a" in problem
    three.nodes[1].root = b"\x0a" * 32
    three.beacon.state_root(80)
    three.nodes[1].root = b"\x0d" * 32
    three.beacon.state_root(80)
    assert [url for url, _ in three.told] == [three.urls[1]] * 2


def test_two_halves_that_differ_are_no_agreement_though_each_is_enough() -> None:
    nodes = [BeaconAnswers() for _ in range(4)]
    with ExitStack() as servers:
        urls = [servers.enter_context(serving(node)) for node in nodes]
        with AgreedBeacon(urls, 2, TIMEOUT) as beacon:
            assert beacon.state_root(80) == b"\x0a" * 32
            for node in nodes[2:]:
                node.root = b"\x0d" * 32
            with pytest.raises(NoAgreementError, match="the state root of slot 80") as caught:
                beacon.state_root(80)
    said = caught.value.said
    assert list(said) == urls
    assert [said[url][:4] for url in urls] == ["0x0a", "0x0a", "0x0d", "0x0d"]


def test_one_node_of_two_that_must_agree_is_not_enough() -> None:
    with serving(BeaconAnswers()) as url, unreachable() as nowhere:
        with AgreedBeacon([url, nowhere], 1, TIMEOUT) as beacon:
            assert beacon.head_slot() == 100
        with AgreedBeacon([url, nowhere], 2, TIMEOUT) as beacon:
            with pytest.raises(NoAgreementError) as caught:
                beacon.head_slot()
            assert "cannot be read" in caught.value.said[nowhere]


def test_a_node_of_another_network_is_not_counted(three: Three) -> None:
    stranger = three.nodes[2]
    stranger.genesis["genesis_validators_root"] = "0x" + "02" * 32
    stranger.syncing["head_slot"] = "999999"
    three.nodes[0].syncing["head_slot"] = "50"
    assert three.beacon.head_slot() == 50
    assert [url for url, _ in three.told] == [three.urls[2]]
    assert "others agree on network 0x0101" in three.told[0][1]
    stranger.genesis["genesis_validators_root"] = "0x" + "01" * 32
    assert three.beacon.head_slot() == 100


def test_a_silent_node_costs_its_timeout_once_and_is_tried_again() -> None:
    told: list[tuple[str, str]] = []
    backoff = Backoff(first_seconds=1.2, most_seconds=2.0)
    first, second = BeaconAnswers(), BeaconAnswers()
    with serving(first) as one, serving(second) as two, silent() as third:
        urls = [one, two, third]
        with AgreedBeacon(
            urls, 2, TIMEOUT, lambda *what: told.append(what), backoff=backoff
        ) as beacon:
            begin = time.monotonic()
            assert beacon.head_slot() == 100
            assert time.monotonic() - begin >= TIMEOUT / 4
            begin = time.monotonic()
            for _ in range(10):
                assert beacon.head_slot() == 100
            assert time.monotonic() - begin < TIMEOUT
            assert [url for url, _ in told] == [third]
            time.sleep(1.2)
            begin = time.monotonic()
            beacon.head_slot()
            assert time.monotonic() - begin >= TIMEOUT / 4


def test_a_node_that_was_silent_counts_again_after_its_backoff(three: Three) -> None:
    beacon = three.beacon
    assert beacon.head_slot() == 100
    three.nodes[0].changed["/eth/"] = Answer(pause=2 * TIMEOUT)
    assert beacon.head_slot() == 100
    three.nodes[0].changed.clear()
    three.nodes[1].syncing["head_slot"] = "200"
    three.nodes[0].syncing["head_slot"] = "200"
    assert beacon.head_slot() == 100
    time.sleep(1.1)
    assert beacon.head_slot() == 200


def test_an_answer_that_drips_cannot_hold_the_others_up(three: Three) -> None:
    beacon = three.beacon
    beacon.head_slot()
    three.nodes[0].changed["/eth/"] = Answer(b"x" * 100, drip=0.1)
    begin = time.monotonic()
    assert beacon.head_slot() == 100
    assert time.monotonic() - begin < 2 * TIMEOUT


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(BeaconAnswers().state(81), headers=SSZ), "another slot"),
        (Answer(bytes(1000), headers=SSZ), "no state of this network"),
        (Answer(b"", headers=SSZ), "no state of this network"),
        (Answer(BeaconAnswers().state(80), headers=SSZ, cut=9), "cannot be read"),
        (Answer(status=500), "status 500"),
    ],
    ids=["other slot", "other network", "empty", "half", "500"],
)
def test_a_state_comes_from_a_node_whose_bytes_pass(
    three: Three, answer: Answer, problem: str
) -> None:
    assert three.beacon.state(80).url == three.urls[0]
    three.nodes[0].changed["/debug/"] = answer
    state = three.beacon.state(80)
    assert state.url != three.urls[0]
    assert state.data == three.nodes[1].state(80)
    assert [url for url, _ in three.told] == [three.urls[0]]
    assert problem in three.told[0][1]


def test_a_node_whose_state_failed_is_tried_last_until_another_fails(three: Three) -> None:
    failing = Answer(status=500)
    assert three.beacon.state(80).url == three.urls[0]
    three.nodes[0].changed["/debug/"] = failing
    assert three.beacon.state(80).url == three.urls[1]
    three.nodes[0].changed.clear()
    assert three.beacon.state(80).url == three.urls[1]
    three.nodes[1].changed["/debug/"] = three.nodes[2].changed["/debug/"] = failing
    assert three.beacon.state(80).url == three.urls[0]
    three.nodes[1].changed.clear()
    assert three.beacon.state(80).url == three.urls[0]


def test_a_state_of_another_root_is_told_and_the_next_node_asked(three: Three) -> None:
    three.nodes[0].changed["/debug/"] = Answer(BeaconAnswers().state(80) + b"x", headers=SSZ)

    def root_of(fork: str, data: bytes) -> bytes:
        assert fork == "fulu"
        return b"\x0b" * 32 if data.endswith(b"x") else BeaconAnswers().root

    found = three.beacon.state(80, root_of)
    assert (found.url, found.root) == (three.urls[1], BeaconAnswers().root)
    ((url, problem),) = three.told
    assert url == three.urls[0]
    assert problem.startswith("state of slot 80: the state hashes to 0x0b0b")
    with pytest.raises(NoAgreementError, match="the state of slot 80"):
        three.beacon.state(80, lambda _fork, _data: b"\x0c" * 32)
    with pytest.raises(NoAgreementError, match="no such fork"):
        three.beacon.state(80, _unreadable)


def _unreadable(_fork: str, _data: bytes) -> bytes:
    raise KeelError("no such fork")


KEYS = tuple(bytes([number]) * 48 for number in range(3))


def validators(*entries: tuple[bytes, bool]) -> Answer:
    data = [
        {"validator": {"pubkey": f"0x{key.hex()}", "slashed": slashed}} for key, slashed in entries
    ]
    return Answer(orjson.dumps({"data": data}))


def test_slashed_validators_are_those_that_most_nodes_name(three: Three) -> None:
    true = validators((KEYS[0], True), (KEYS[1], True), (KEYS[2], False))
    for node in three.nodes:
        node.changed["validators?status=active_slashed,exited_slashed"] = true
    assert three.beacon.slashed_keys(100) == frozenset(KEYS[:2])
    three.nodes[1].changed = {"/validators": validators()}
    assert three.beacon.slashed_keys(100) == frozenset(KEYS[:2])
    three.nodes[2].changed = {"/validators": validators((KEYS[2], True))}
    with pytest.raises(NoAgreementError, match="slashed validators of slot 100"):
        three.beacon.slashed_keys(100)


def test_only_keys_that_were_asked_for_are_known(three: Three) -> None:
    answer = validators((KEYS[0], False), (KEYS[2], False))
    for node in three.nodes:
        node.changed["/states/100/validators"] = answer
    assert three.beacon.known_keys(100, KEYS[:2]) == frozenset(KEYS[:1])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "has no validators"),
        ([[]], "has no validator"),
        ([{"validator": {"slashed": True}}], "has no public key"),
        ([{"validator": {"slashed": True, "pubkey": "0x01"}}], "has no public key"),
    ],
)
def test_validators_of_another_shape_are_no_answer(data: object, problem: str) -> None:
    node = BeaconAnswers()
    node.changed["/validators"] = Answer(orjson.dumps({"data": data}))
    with (
        serving(node) as url,
        AgreedBeacon([url], 1, TIMEOUT) as beacon,
        pytest.raises(NoAgreementError, match=problem),
    ):
        beacon.slashed_keys(100)


def test_a_single_node_is_always_asked() -> None:
    node = BeaconAnswers()
    with serving(node) as url, AgreedBeacon([url], 1, TIMEOUT) as beacon:
        assert beacon.head_slot() == 100
        node.changed["/eth/"] = Answer(pause=2 * TIMEOUT)
        with pytest.raises(NoAgreementError, match="no usable answer on the head"):
            beacon.head_slot()
        node.changed.clear()
        assert beacon.head_slot() == 100


@pytest.mark.parametrize(
    ("urls", "agree"), [([], 1), (["http://a"], 2), (["http://a"], 0), (["http://a"] * 2, 1)]
)
def test_impossible_agreements_are_refused(urls: list[str], agree: int) -> None:
    AgreedBeacon(["http://a", "http://b"], 2).close()
    with pytest.raises(NodeSettingsError):
        AgreedBeacon(urls, agree)
