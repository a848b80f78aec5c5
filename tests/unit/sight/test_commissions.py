"""Commissions over a report's seconds, read from the registry's own events."""

import pytest

from keel.chain.clock import jump, now
from keel.chain.state import BlockHead, block_head
from keel.sight.history import Historian
from tests.deployment import Keel
from tests.unit.contracts.validators import Validators


@pytest.fixture
def validators(keel: Keel) -> Validators:
    """Two operators that ask for 600 and 700."""
    made = Validators(keel)
    for bps in (600, 700):
        made.add_operator(commission_bps=bps)
    return made


def test_a_change_counts_from_its_second_and_only_up_to_the_block_that_is_named(
    validators: Validators,
) -> None:
    """COM-2."""
    keel = validators.keel
    start = now(keel.rpc)
    jump(keel.rpc, 100)
    before = block_head(keel.rpc)
    validators.registry.setCommission.send(0, 500, sender=validators.manager)
    lowered_at = now(keel.rpc)
    after = block_head(keel.rpc)
    end = lowered_at + 50

    def span_at(head: BlockHead) -> dict[int, int]:
        historian = Historian(keel.quick, keel.deployment.block)
        return dict(historian.commissions_at(head).span(start, end).bps_seconds)

    whole = end - start
    assert span_at(before) == {0: 600 * whole, 1: 700 * whole}
    assert span_at(after) == {0: 600 * (lowered_at - start) + 500 * 50, 1: 700 * whole}

    known = Historian(keel.quick, keel.deployment.block)
    known.commissions_at(after)
    assert dict(known.commissions_at(before).span(start, end).bps_seconds) == span_at(before)
