"""While a validator may come, a newer state is worth its download; a void signature costs none."""

from collections.abc import Iterator

import pytest

from keel.chain.abi import Event, Log
from keel.chain.rpc import RpcClient
from keel.keeper.key_reader import KeyReader
from keel.keeper.state_reader import ReadState
from keel.model.commitment import public_key_hash
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.history import History
from tests.unit.sight.state_examples import OWN, PendingDeposit, Scene, pubkey
from tests.unit.sight.test_appearances import STATE_BLOCK, new

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def reader() -> Iterator[KeyReader]:
    """Whose nodes do not answer: nothing here may ask them."""
    with RpcClient(NOBODY) as rpc, AgreedBeacon([NOBODY]) as beacon:
        yield KeyReader(rpc, beacon)


def state_of(scene: Scene) -> ReadState:
    return ReadState(47, scene.encoded(), STATE_BLOCK, "0x" + "31" * 32)


def history(*keys: int, block: int = STATE_BLOCK) -> History:
    log = Log("0x" + "00" * 20, (), b"", 0, block, "0x")
    return History(
        tuple(
            Event(
                "KeyPredeposited",
                {"operatorId": 0, "pubkeyRoot": public_key_hash(key), "pubkey": key},
                log,
            )
            for key in map(pubkey, keys)
        )
    )


def test_a_key_whose_deposit_is_pending_may_come(reader: KeyReader) -> None:
    state = state_of(Scene((new(1),), (PendingDeposit(0),)))
    shown = reader.read(history(0), state, OWN, 48).shown
    assert [life.pubkey for life in shown.queued] == [pubkey(0)]
    assert reader.may_come(history(0), state)


def test_a_key_with_a_void_signature_never_comes(reader: KeyReader) -> None:
    state = state_of(Scene((new(1),)))
    keys = reader.read(history(0), state, OWN, 48)
    assert [life.pubkey for life in keys.shown.void] == [pubkey(0)]
    assert (keys.proofs, keys.no_proof) == ((), None)
    assert not reader.may_come(history(0), state)


def test_a_key_that_was_predeposited_after_the_state_may_come(reader: KeyReader) -> None:
    state = state_of(Scene((new(1),)))
    reader.read(history(0), state, OWN, 48)
    assert reader.may_come(history(0, block=STATE_BLOCK + 1), state)


def test_without_predeposited_keys_nothing_comes(reader: KeyReader) -> None:
    assert not reader.may_come(history(), state_of(Scene((new(1),))))


def test_a_validator_that_the_registry_would_not_take_is_not_proven(reader: KeyReader) -> None:
    state = state_of(Scene((new(0, slashed=True),)))
    keys = reader.read(history(0), state, OWN, 48)
    assert [one.index for one in keys.shown.appeared] == [0]
    assert (keys.proofs, keys.no_proof) == ((), None)
    assert not reader.may_come(history(0), state)
