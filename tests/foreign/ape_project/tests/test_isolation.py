"""Somebody else's Ape project: its tests lean on isolation, on time and on funded accounts."""

import math
import time
from typing import Any

import pytest

STRANGER = "0x00000000000000000000000000000000000f00d1"


@pytest.fixture(scope="module", autouse=True)
def _paid_once(accounts: Any) -> None:
    accounts[0].transfer(STRANGER, "1 ether")


@pytest.mark.parametrize("wei", [5, 7, 9])
def test_each_test_begins_where_the_module_did(accounts: Any, chain: Any, wei: int) -> None:
    assert chain.provider.get_balance(STRANGER) == 10**18
    receipt = accounts[1].transfer(STRANGER, wei)
    assert not receipt.failed
    assert chain.provider.get_balance(STRANGER) == 10**18 + wei


def test_time_is_moved(chain: Any) -> None:
    began = time.monotonic()
    before = chain.blocks.head.timestamp
    chain.pending_timestamp += 600
    chain.mine()
    after = chain.blocks.head.timestamp
    # Each second lets a slot of 12 s pass meanwhile; three more are under way or being mined.
    by_clock = 12 * (math.ceil(time.monotonic() - began) + 3)
    assert before + 600 <= after < before + 600 + by_clock


def test_blocks_are_put_back(chain: Any) -> None:
    with chain.isolate():
        number = chain.blocks.head.number
        chain.mine(3)
        assert chain.blocks.head.number >= number + 3
    assert chain.blocks.head.number <= number + 3
