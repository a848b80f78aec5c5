"""The stream of events while the chain goes on, and when it goes back."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import orjson
import pytest

from keel.consensus.api.changes import Event
from keel.consensus.api.events import MOST_LISTENERS, Listener
from keel.consensus.api.server import serving
from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain
from tests.unit.service.waiting import until

type Received = tuple[str, dict[str, str | bool]]


@contextmanager
def listening(api: httpx.Client, *topics: str) -> Iterator[Iterator[Received]]:
    """Yield the events as they come; the stream is open before the first of them."""
    with api.stream("GET", "/eth/v1/events", params={"topics": ",".join(topics)}) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert next(lines).startswith(":")

        def events() -> Iterator[Received]:
            for line in lines:
                if line.startswith("event: "):
                    document = next(lines).removeprefix("data: ")
                    yield line.removeprefix("event: "), orjson.loads(document)

        yield events()


def in_hex(root: bytes) -> str:
    return "0x" + root.hex()


def test_each_block_is_a_new_head_and_a_missed_slot_is_none(
    api: httpx.Client, chain: BeaconChain
) -> None:
    length = int(chain.spec.SLOTS_PER_EPOCH)
    chain.run(length - 2 - chain.slot % length)
    missed, transition = chain.slot + 1, chain.slot + 2
    assert transition % length == 0
    chain.participation.miss([missed])
    with listening(api, "head") as events:
        chain.run(3)
        heads = [next(events) for _ in range(2)]
    for (topic, head), slot in zip(heads, (transition, transition + 1), strict=True):
        block = chain.store.block_at(slot)
        assert block is not None
        assert topic == "head"
        assert head == {
            "slot": str(slot),
            "block": in_hex(chain.store.roots[slot]),
            "state": in_hex(bytes(block.message.state_root)),
            "epoch_transition": slot == transition,
            "previous_duty_dependent_root": in_hex(chain.store.root_at(transition - length - 1)),
            "current_duty_dependent_root": in_hex(chain.store.root_at(transition - 1)),
            "execution_optimistic": False,
        }


def test_finality_is_told_once_an_epoch(api: httpx.Client, chain: BeaconChain) -> None:
    with listening(api, "finalized_checkpoint") as events:
        told = []
        for _ in range(2):
            chain.to_finality((chain.finalised_epoch + 1) * int(chain.spec.SLOTS_PER_EPOCH))
            told.append((next(events), chain.finalised_epoch))
    for (topic, checkpoint), epoch in told:
        slot = epoch * int(chain.spec.SLOTS_PER_EPOCH)
        root = chain.spec.hash_tree_root(chain.store.state_at(slot))
        assert topic == "finalized_checkpoint"
        assert checkpoint == {
            "block": in_hex(chain.store.root_at(slot)),
            "state": in_hex(bytes(root)),
            "epoch": str(epoch),
            "execution_optimistic": False,
        }


def test_a_restored_snapshot_is_a_reorganisation(api: httpx.Client, chain: BeaconChain) -> None:
    head, slot = chain.head_root, chain.slot
    with listening(api, "chain_reorg", "head") as events:
        with branching(chain):
            chain.run(2)
            lost = chain.head_root
        with branching(chain):
            pass
        chain.step()
        told = [next(events) for _ in range(5)]
    assert [topic for topic, _ in told] == ["head", "head", "chain_reorg", "head", "head"]
    reorganisation = told[2][1]
    assert reorganisation["depth"] == "2"
    assert reorganisation["slot"] == str(slot)
    assert reorganisation["old_head_block"] == in_hex(lost)
    assert reorganisation["new_head_block"] == told[3][1]["block"] == in_hex(head)
    assert reorganisation["new_head_state"] == told[3][1]["state"]
    assert told[4][1]["block"] == in_hex(chain.head_root)


def test_a_stream_ends_with_the_server(chain: BeaconChain) -> None:
    listeners = len(chain.listeners)
    with httpx.Client() as client, ExitStack() as streams:
        with serving(chain) as address:
            assert len(chain.listeners) == listeners + 1
            client.base_url = httpx.URL(address)
            events = streams.enter_context(listening(client, "head"))
            chain.step()
            assert next(events)[0] == "head"
        assert next(events, None) is None
        assert len(chain.listeners) == listeners


def test_listeners_are_bounded_and_one_that_leaves_makes_room(
    api: httpx.Client, chain: BeaconChain
) -> None:
    with ExitStack() as others:
        for _ in range(MOST_LISTENERS - 1):
            others.enter_context(listening(api, "head"))
        with listening(api, "head") as events:
            refused = api.get("/eth/v1/events", params={"topics": "head"})
            assert (refused.status_code, refused.json()["code"]) == (503, 503)
            assert f"at most {MOST_LISTENERS}" in refused.json()["message"]
            chain.step()
            assert next(events)[0] == "head"
        until(lambda: may_listen(api))


def may_listen(api: httpx.Client) -> bool:
    with api.stream("GET", "/eth/v1/events", params={"topics": "head"}) as response:
        return response.status_code == 200


def test_a_client_that_reads_too_slowly_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.consensus.api.events.MOST_WAITING", 3)

    async def heard(sent: int) -> list[Event | None]:
        listener = Listener(frozenset({"head"}))
        for number in range(sent):
            listener.send(Event("head", {"slot": str(number)}))
        listener.send(None)
        await asyncio.sleep(0)
        found: list[Event | None] = []
        while not found or found[-1] is not None:
            found.append(await asyncio.wait_for(listener.next(), 5))
        return found

    assert len(asyncio.run(heard(2))) == 3
    assert asyncio.run(heard(1_000)) == [None]
