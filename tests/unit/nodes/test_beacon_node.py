"""One beacon node: what it says, and every way in which it may say nothing of use."""

import time
from collections.abc import Iterator

import pytest

from keel.consensus.api.server import serving as serving_chain
from keel.nodes.beacon_node import BeaconNode, Head, NoRoot, StateLimits
from keel.nodes.errors import NodeError, NodeSettingsError, NodeSilentError
from keel.scenarios.beacon_world import BeaconWorld
from tests.unit.nodes.node_servers import Answer, BeaconAnswers, serving, silent, unreachable

SSZ = {"Content-Type": "application/octet-stream", "Eth-Consensus-Version": "Fulu"}
SYNCING = "/eth/v1/node/syncing"


@pytest.fixture
def answers() -> BeaconAnswers:
    return BeaconAnswers()


@pytest.fixture
def node(answers: BeaconAnswers) -> Iterator[BeaconNode]:
    limits = StateLimits(seconds=0.4, most_bytes=5000)
    with serving(answers) as url, BeaconNode(url, 0.3, limits) as found:
        yield found


def test_a_real_chain_is_read_through_the_standard_api(beacon_world: BeaconWorld) -> None:
    chain = beacon_world.beacon.chain
    chain.to_slot(chain.slot + 3)
    spec, slot = chain.spec, chain.slot
    with serving_chain(chain) as url, BeaconNode(url) as node:
        network = node.network()
        assert network.genesis_validators_root == bytes(chain.state.genesis_validators_root)
        assert network.time_of(slot) == chain.time_at(slot)
        assert network.slot_at(chain.time_at(slot) + network.slot_seconds - 1) == slot
        assert network.slot_at(chain.time_at(slot) - 1) == slot - 1
        assert network.preset == chain.config.preset
        assert node.head() == Head(slot, chain.head_root)
        assert node.finalised_slot() == chain.finalised_epoch * spec.SLOTS_PER_EPOCH
        assert node.state_root(slot) == bytes(spec.hash_tree_root(chain.state))
        fork, data = node.state_ssz(slot)
        assert (fork, data) == (chain.config.fork, chain.state.encode_bytes())
        found = node.state_root(slot + 1)
        assert isinstance(found, NoRoot)
        assert "does not have" in found.problem


def test_slots_may_be_told_in_seconds_or_milliseconds(
    node: BeaconNode, answers: BeaconAnswers
) -> None:
    assert node.network().slot_seconds == 12
    answers.spec["SLOT_DURATION_MS"] = answers.spec.pop("SECONDS_PER_SLOT") + "000"
    assert node.network().slot_seconds == 12


@pytest.mark.parametrize(
    ("milliseconds", "problem"), [("6000", "12000 and 6000"), ("12500", "12500"), ("0", "is 0")]
)
def test_slots_told_in_two_lengths_are_refused(
    node: BeaconNode, answers: BeaconAnswers, milliseconds: str, problem: str
) -> None:
    answers.spec["SLOT_DURATION_MS"] = "12000"
    assert node.network().slot_seconds == 12
    answers.spec["SLOT_DURATION_MS"] = milliseconds
    with pytest.raises(NodeError, match=problem):
        node.network()


@pytest.mark.parametrize("name", ["SECONDS_PER_SLOT", "SLOTS_PER_EPOCH", "PRESET_BASE"])
def test_a_missing_constant_is_named(node: BeaconNode, answers: BeaconAnswers, name: str) -> None:
    del answers.spec[name]
    with pytest.raises(NodeError, match=name):
        node.network()


@pytest.mark.parametrize(
    ("flag", "problem"),
    [("is_syncing", "syncing"), ("is_optimistic", "optimistic"), ("el_offline", "offline")],
)
def test_a_node_that_does_not_follow_is_not_counted(
    node: BeaconNode, answers: BeaconAnswers, flag: str, problem: str
) -> None:
    assert (node.synced_slot(), node.finalised_epoch()) == (100, 10)
    answers.syncing[flag] = True
    for read in (node.synced_slot, node.finalised_epoch, node.head):
        with pytest.raises(NodeError, match=problem):
            read()


def test_an_optimistic_root_is_not_counted(node: BeaconNode, answers: BeaconAnswers) -> None:
    assert node.state_root(5) == answers.root
    answers.optimistic = True
    with pytest.raises(NodeError, match="optimistic"):
        node.state_root(5)


@pytest.mark.parametrize(
    ("answer", "kind", "problem"),
    [
        (Answer(b"<html>"), NodeError, "is not JSON"),
        (Answer(b"[]"), NodeError, "has no data"),
        (Answer(b'{"data": []}'), NodeError, "has no is_syncing"),
        (Answer(b'{"data": {"head_slot": "-1"}}'), NodeError, "has no number"),
        (Answer(b'{"data": {"head_slot": 7}}'), NodeError, "has no number"),
        (Answer(status=500), NodeError, "status 500"),
        (Answer(status=404), NodeError, "does not have"),
        (Answer(b'{"data": {}}', cut=5), NodeSilentError, "cannot be read"),
        (Answer(pause=1.0), NodeSilentError, "no answer to .* within"),
        (Answer(b'{"data": {}}', drip=0.1), NodeSilentError, "complete in time"),
        (Answer(bytes(100), status=500, drip=0.1), NodeSilentError, "complete in time"),
        (Answer(bytes(2**17), status=500), NodeError, "larger than"),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, str) else None,
)
def test_a_useless_answer_is_one_line(
    node: BeaconNode, answers: BeaconAnswers, answer: Answer, kind: type[NodeError], problem: str
) -> None:
    answers.changed[SYNCING] = answer
    begin = time.monotonic()
    with pytest.raises(NodeError, match=problem) as caught:
        node.synced_slot()
    assert isinstance(caught.value, NodeSilentError) == (kind is NodeSilentError)
    assert caught.value.url == node.url
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begin < 0.8
    answers.changed.clear()
    assert node.synced_slot() == 100


def test_a_silent_and_an_unreachable_node_are_silent() -> None:
    with silent() as url, BeaconNode(url, 0.2) as node, pytest.raises(NodeSilentError) as caught:
        node.head()
    assert caught.value.problem.startswith("no answer to ")
    assert caught.value.problem.endswith(" within 0.2 s")
    with unreachable() as url, BeaconNode(url, 0.2) as node, pytest.raises(NodeSilentError) as none:
        node.head()
    assert "cannot be read" in none.value.problem


def test_a_state_has_a_size_and_a_time(node: BeaconNode, answers: BeaconAnswers) -> None:
    path = "/debug/beacon/states/"
    answers.changed[path] = Answer(bytes(5000), headers=SSZ)
    assert node.state_ssz(7) == ("fulu", bytes(5000))
    answers.changed[path] = Answer(bytes(5001), headers=SSZ)
    with pytest.raises(NodeError, match="larger than 5000 bytes"):
        node.state_ssz(7)
    answers.changed[path] = Answer(bytes(100), headers=SSZ, drip=0.05)
    with pytest.raises(NodeSilentError, match="complete in time"):
        node.state_ssz(7)
    answers.changed[path] = Answer(bytes(100), headers=SSZ, cut=1)
    with pytest.raises(NodeSilentError, match="cannot be read"):
        node.state_ssz(7)


@pytest.mark.parametrize("name", list(SSZ))
def test_a_state_says_what_it_is(node: BeaconNode, answers: BeaconAnswers, name: str) -> None:
    answers.changed["/debug/"] = Answer(bytes(9), headers=SSZ)
    assert node.state_ssz(7)[0] == "fulu"
    answers.changed["/debug/"] = Answer(
        bytes(9), headers={key: value for key, value in SSZ.items() if key != name}
    )
    with pytest.raises(NodeError, match="is not SSZ of a named fork"):
        node.state_ssz(7)


def test_secrets_of_an_address_stay_out_of_messages() -> None:
    with unreachable() as url:
        secret = url.replace("http://", "http://user:password@") + "/v3/apikey?token=hidden"
        with BeaconNode(secret, 0.2) as node, pytest.raises(NodeError) as caught:
            node.head()
    assert caught.value.url == url
    for word in ("user", "password", "apikey", "hidden"):
        assert word not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:5052", "ftp://node", "http://", "http://a:port", "http://a..b"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NodeSettingsError, match="is not an http or https address"):
        BeaconNode(url)
