"""States are read from beacon nodes that have no root for the slot, in the words of each client."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest

from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NoAgreementError
from tests.robustness.client_table import each_row
from tests.unit.nodes.node_servers import Answer, BeaconAnswers, serving

SLOT = 79
ROOT = BeaconAnswers().root
OTHER = b"\x0c" * 32


class Three:
    """Three nodes, two of which must agree."""

    def __init__(self, stack: ExitStack, *nodes: BeaconAnswers) -> None:
        self.nodes = nodes
        self.told: list[tuple[str, str]] = []
        urls = [stack.enter_context(serving(node)) for node in nodes]
        self.beacon = stack.enter_context(
            AgreedBeacon(urls, 2, 2.0, lambda *what: self.told.append(what))
        )
        self.hashed = 0

    def root_of(self, _fork: str, data: bytes) -> bytes:
        self.hashed += 1
        return OTHER if data.endswith(b"x") else ROOT


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def _without_root(row: dict[str, Any]) -> BeaconAnswers:
    node = BeaconAnswers()
    message = row["message"].replace("{slot}", str(SLOT))
    body = orjson.dumps({"code": row["status"], "message": message})
    node.changed[f"/states/{SLOT}/root"] = Answer(body, status=row["status"])
    node.changed[f"/headers/{SLOT}"] = Answer(b"no", status=row["header"])
    return node


def _header(slot: int, root: bytes, **more: Any) -> Answer:
    message = {"slot": str(slot), "state_root": "0x" + root.hex()}
    return Answer(orjson.dumps({"data": {"header": {"message": message}, **more}}))


@each_row("states")
def test_without_any_root_the_bytes_that_nodes_agree_on_decide(
    row: dict[str, Any], stack: ExitStack
) -> None:
    three = Three(stack, *(_without_root(row) for _ in range(3)))
    state = three.beacon.state(SLOT, three.root_of)
    assert (state.slot, state.root) == (SLOT, ROOT)
    assert state.data == three.nodes[0].state(SLOT)
    assert three.hashed == 2
    assert three.told == []


@each_row("states")
def test_a_root_that_two_nodes_have_is_taken_without_the_third(
    row: dict[str, Any], stack: ExitStack
) -> None:
    three = Three(stack, _without_root(row), BeaconAnswers(), BeaconAnswers())
    assert three.beacon.state(SLOT, three.root_of).root == ROOT
    assert three.beacon.state_root(SLOT) == ROOT
    assert three.hashed == 1
    assert three.told == []


@each_row("states")
def test_nodes_whose_bytes_differ_do_not_agree_and_are_shown_in_their_own_words(
    row: dict[str, Any], stack: ExitStack
) -> None:
    nodes = [_without_root(row) for _ in range(3)]
    three = Three(stack, *nodes)
    headers = {"Content-Type": "application/octet-stream", "Eth-Consensus-Version": "fulu"}
    nodes[1].changed["/debug/"] = Answer(nodes[1].state(SLOT) + b"x", headers=headers)
    nodes[2].changed["/debug/"] = Answer(status=404)
    with pytest.raises(NoAgreementError) as caught:
        three.beacon.state(SLOT, three.root_of)
    first, second, third = caught.value.said.values()
    assert (first, second) == ("0x" + ROOT.hex(), "0x" + OTHER.hex())
    assert row["message"].replace("{slot}", str(SLOT)) in third
    with pytest.raises(NoAgreementError) as caught:
        three.beacon.state_root(SLOT)
    assert all(row["message"].partition("{")[0] in said for said in caught.value.said.values())


def test_the_header_of_a_slot_with_a_block_names_the_root(stack: ExitStack) -> None:
    nodes = [BeaconAnswers() for _ in range(3)]
    for node in nodes:
        node.changed[f"/states/{SLOT}/root"] = Answer(status=404)
        node.changed[f"/headers/{SLOT}"] = _header(SLOT, ROOT, canonical=True)
    three = Three(stack, *nodes)
    assert three.beacon.state_root(SLOT) == ROOT
    assert three.beacon.state(SLOT, three.root_of).root == ROOT


@pytest.mark.parametrize(
    "header",
    [_header(SLOT - 1, OTHER), _header(SLOT, OTHER, canonical=False)],
    ids=["of another slot", "of another branch"],
)
def test_another_block_s_header_names_nothing(header: Answer, stack: ExitStack) -> None:
    nodes = [BeaconAnswers() for _ in range(3)]
    for node in nodes:
        node.changed[f"/states/{SLOT}/root"] = Answer(status=404)
        node.changed[f"/headers/{SLOT}"] = header
    three = Three(stack, *nodes)
    with pytest.raises(NoAgreementError, match="the state root"):
        three.beacon.state_root(SLOT)
    assert three.beacon.state(SLOT, three.root_of).root == ROOT
