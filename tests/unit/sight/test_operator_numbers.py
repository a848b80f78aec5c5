"""A node that claims to know of more operators than there can be is named, and not read on."""

import pytest

from keel.chain.state import block_head, set_runtime_code
from keel.dashboard.snapshot_reader import read_snapshot
from keel.keeper.staking import read_operators
from keel.model.commission import CommissionSpan
from keel.nodes.errors import NodeError
from keel.sight.event_index import EventIndex
from keel.sight.operator_numbers import MOST_OPERATORS, operator_numbers
from keel.sight.protocol_view import read_protocol
from keel.sight.recorded_keys import recorded_keys
from tests.deployment import Keel

# PUSH9 2**64, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN
ANSWER_2_TO_64 = bytes.fromhex("68010000000000000000" + "600052" + "60206000f3")
CLAIM = rf"{2**64} operators, at most {MOST_OPERATORS} expected"


def test_up_to_the_bound_each_operator_has_its_number(keel: Keel) -> None:
    registry = keel.quick.registry
    assert operator_numbers(registry, MOST_OPERATORS) == range(MOST_OPERATORS)
    with pytest.raises(NodeError, match=rf"{registry.rpc.name}: .* {MOST_OPERATORS + 1} operators"):
        operator_numbers(registry, MOST_OPERATORS + 1)


def test_no_reader_follows_a_count_without_end(keel: Keel) -> None:
    rpc, bindings = keel.rpc, keel.quick
    nothing = recorded_keys([])
    set_runtime_code(rpc, bindings.registry.address, ANSWER_2_TO_64)
    head = block_head(rpc)
    with pytest.raises(NodeError, match=CLAIM):
        read_protocol(bindings, nothing, head.number, bytes(32), CommissionSpan(1, {}))
    with pytest.raises(NodeError, match=CLAIM):
        read_operators(bindings.registry)
    with pytest.raises(NodeError, match=CLAIM):
        read_snapshot(bindings, head, EventIndex(bindings, head.number, {}))
