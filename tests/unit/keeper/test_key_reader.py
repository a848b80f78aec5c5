"""A newer state is read where the nodes say that it shows more; a waiting key costs no state."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import pytest

from keel.chain.abi import Event, Log
from keel.chain.rpc import RpcClient
from keel.keeper.key_reader import KeyReader
from keel.keeper.state_reader import ReadState
from keel.model.commitment import public_key_hash
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.history import History
from tests.unit.nodes.node_servers import Answer, BeaconAnswers, serving
from tests.unit.sight.state_examples import OWN, PendingDeposit, Scene, pubkey
from tests.unit.sight.test_appearances import STATE_BLOCK, new

NOBODY = "http://127.0.0.1:9"
STATE_SLOT = 47
EPOCH_SLOTS = 8
NEXT_EPOCH = 48


@dataclass
class Node(BeaconAnswers):
    """A beacon node that knows some keys as validators, and some as slashed."""

    known: frozenset[bytes] = frozenset()
    slashed: frozenset[bytes] = frozenset()
    asked: list[str] = field(default_factory=list)
    fails: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def __call__(self, path: str, body: bytes) -> Answer:
        if "/validators" not in path:
            return super().__call__(path, body)
        self.asked.append(path)
        if self.fails:
            return Answer(status=500)
        keys = self.slashed if "status=" in path else self.known & _ids(body)
        entries = [{"pubkey": f"0x{key.hex()}", "slashed": key in self.slashed} for key in keys]
        return Answer(orjson.dumps({"data": [{"validator": entry} for entry in entries]}))


def _ids(body: bytes) -> set[bytes]:
    return {bytes.fromhex(text[2:]) for text in orjson.loads(body)["ids"]}


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def reader(node: Node) -> Iterator[KeyReader]:
    """Whose execution node does not answer: nothing here may ask it."""
    with serving(node) as url, RpcClient(NOBODY) as rpc, AgreedBeacon([url]) as beacon:
        yield KeyReader(rpc, beacon)


def state_of(scene: Scene) -> ReadState:
    return ReadState(STATE_SLOT, scene.encoded(), STATE_BLOCK, "0x" + "31" * 32)


def history(*keys: int, block: int = STATE_BLOCK, staked: bool = False) -> History:
    log = Log("0x" + "00" * 20, (), b"", 0, block, "0x")
    names = ("KeyPredeposited", "KeyStaked") if staked else ("KeyPredeposited",)
    return History(
        tuple(
            Event(
                name,
                {"operatorId": 0, "pubkeyRoot": public_key_hash(key), "pubkey": key},
                log,
            )
            for key in map(pubkey, keys)
            for name in names
        )
    )


def test_a_key_that_waits_costs_a_question_an_epoch_until_it_has_a_validator(
    reader: KeyReader, node: Node
) -> None:
    state = state_of(Scene((new(1),), (PendingDeposit(0),)))
    shown = reader.read(history(0), state, OWN, STATE_SLOT).shown
    assert [life.pubkey for life in shown.queued] == [pubkey(0)]
    assert reader.useful_from(history(0), state, NEXT_EPOCH) == 0
    assert node.asked == []
    for slot in range(NEXT_EPOCH + 1, NEXT_EPOCH + EPOCH_SLOTS + 1):
        assert reader.useful_from(history(0), state, slot) == 0
    assert node.asked == [f"/eth/v1/beacon/states/{NEXT_EPOCH}/validators"]
    node.known = frozenset({pubkey(0)})
    later = NEXT_EPOCH + EPOCH_SLOTS
    assert reader.useful_from(history(0), state, later + 3) == later
    assert len(node.asked) == 2


def test_a_key_that_was_predeposited_after_the_state_is_asked_for_too(
    reader: KeyReader, node: Node
) -> None:
    state, later = state_of(Scene((new(1),))), history(0, block=STATE_BLOCK + 1)
    reader.read(later, state, OWN, STATE_SLOT)
    node.known = frozenset({pubkey(0)})
    assert reader.useful_from(later, state, NEXT_EPOCH + 1) == NEXT_EPOCH


def test_a_key_with_a_void_signature_is_never_asked_for(reader: KeyReader, node: Node) -> None:
    state = state_of(Scene((new(1),)))
    keys = reader.read(history(0), state, OWN, STATE_SLOT)
    assert [life.pubkey for life in keys.shown.void] == [pubkey(0)]
    assert (keys.proofs, keys.no_proof) == ((), None)
    assert reader.useful_from(history(0), state, NEXT_EPOCH + 1) == 0
    assert node.asked == []


def test_without_keys_nobody_is_asked(reader: KeyReader, node: Node) -> None:
    assert reader.useful_from(history(), state_of(Scene((new(1),))), NEXT_EPOCH) == 0
    assert node.asked == []


def test_a_validator_that_the_registry_would_not_take_is_not_proven(
    reader: KeyReader, node: Node
) -> None:
    state = state_of(Scene((new(0, slashed=True),)))
    keys = reader.read(history(0), state, OWN, STATE_SLOT)
    assert [one.index for one in keys.shown.appeared] == [0]
    assert (keys.proofs, keys.no_proof) == ((), None)
    assert reader.useful_from(history(0), state, NEXT_EPOCH + 1) == 0
    assert node.asked == []


def test_a_staked_validator_that_is_slashed_is_worth_a_provable_state_once(
    reader: KeyReader, node: Node
) -> None:
    staked, before = history(0, 1, staked=True), state_of(Scene((new(0), new(1))))
    assert reader.read(staked, before, OWN, STATE_SLOT).departed == ()
    node.slashed = frozenset({pubkey(5)})
    assert reader.useful_from(staked, before, NEXT_EPOCH + 1) == 0
    node.slashed |= {pubkey(1)}
    assert reader.useful_from(staked, before, NEXT_EPOCH + 3) == NEXT_EPOCH + 2
    slashed = Scene((new(0), new(1, slashed=True))).encoded()
    after = ReadState(NEXT_EPOCH + 2, slashed, STATE_BLOCK, "0x")
    (one,) = reader.read(staked, after, OWN, STATE_SLOT).departed
    assert (one.life.pubkey, one.index, one.is_slashed) == (pubkey(1), 1, True)
    assert reader.useful_from(staked, after, NEXT_EPOCH + 4) == 0


def test_nodes_that_do_not_say_who_is_slashed_stop_nothing_and_are_told(
    reader: KeyReader, node: Node
) -> None:
    staked, state = history(0, staked=True), state_of(Scene((new(0),)))
    node.slashed, node.fails = frozenset({pubkey(0)}), True
    assert reader.useful_from(staked, state, NEXT_EPOCH) == 0
    keys = reader.read(staked, state, OWN, STATE_SLOT)
    assert keys.blind is not None
    assert "status 500" in keys.blind
    node.fails = False
    assert reader.useful_from(staked, state, NEXT_EPOCH + 1) == NEXT_EPOCH
    assert reader.read(staked, state, OWN, STATE_SLOT).blind is None


@dataclass
class Roots:
    """An execution node's contract of EIP-4788: each slot's block tells the root of the one before.

    It knows them up to the head, a slot.
    """

    told: dict[int, bytes] = field(default_factory=dict)
    head: int = 0

    def __call__(self, _path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        _, place, _ = asked["params"]
        result = self._stored().get(int(place, 16), 0)
        return Answer(orjson.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": hex(result)}))

    def _stored(self) -> dict[int, int]:
        stored: dict[int, int] = {}
        for slot, root in self.told.items():
            if slot < self.head:
                time = 1_800_000_000 + 12 * (slot + 1)
                stored |= {time % 8191: time, time % 8191 + 8191: int.from_bytes(root)}
        return stored


@dataclass
class Slashings(BeaconAnswers):
    """A beacon node that has one more key as slashed from each slot on."""

    slots: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__init__()

    def __call__(self, path: str, body: bytes) -> Answer:
        if "/validators" not in path:
            return super().__call__(path, body)
        slot = int(path.split("/states/")[1].split("/", maxsplit=1)[0])
        keys = [pubkey(key) for key, since in enumerate(self.slots) if since <= slot]
        entries = [{"pubkey": f"0x{key.hex()}", "slashed": True} for key in keys]
        return Answer(orjson.dumps({"data": [{"validator": entry} for entry in entries]}))


def test_slashings_are_proven_while_more_keep_coming() -> None:
    """One in each slot: every state that is read can be proven by at its own head."""
    slots = tuple(range(NEXT_EPOCH, NEXT_EPOCH + 5))
    staked = history(*range(5), staked=True)

    def state_at(slot: int) -> ReadState:
        scene = Scene(tuple(new(key, slashed=since <= slot) for key, since in enumerate(slots)))
        return ReadState(slot, scene.encoded(), STATE_BLOCK, "0x")

    states = {slot: state_at(slot) for slot in range(STATE_SLOT, NEXT_EPOCH + 6)}
    roots = Roots({slot: one.prover.tree.header_fields.root for slot, one in states.items()})
    with (
        serving(Slashings(slots)) as node_url,
        serving(roots) as url,
        RpcClient(url) as rpc,
        AgreedBeacon([node_url]) as beacon,
    ):
        reader, kept = KeyReader(rpc, beacon), states[STATE_SLOT]
        assert reader.read(staked, kept, OWN, NEXT_EPOCH).departures == ()
        for head_slot in range(NEXT_EPOCH + 1, NEXT_EPOCH + 6):
            roots.head = head_slot
            kept = states[max(kept.slot, reader.useful_from(staked, kept, head_slot))]
            keys = reader.read(staked, kept, OWN, head_slot)
            proven = [proof.departed.life.pubkey for proof in keys.departures]
            assert proven == [pubkey(key) for key, since in enumerate(slots) if since < head_slot]
