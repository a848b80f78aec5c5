"""Requests that a block could not take wait in the contract of EIP-7002, and are seen there."""

from keel.chain.state import block_head
from keel.consensus.beacon.requests import request_exit, withdrawal_address_of
from keel.keeper.state_reader import queued_requests
from keel.scenarios.beacon_world import BeaconWorld

A_BLOCK_TAKES = 16


def test_what_a_block_leaves_waits_in_the_queue_until_the_next(keepers_world: BeaconWorld) -> None:
    chain = keepers_world.beacon.chain
    sources = {withdrawal_address_of(chain, index) for index in range(A_BLOCK_TAKES + 2)}

    def waiting_after(block_number: int) -> frozenset[bytes]:
        found = (queued_requests(chain.rpc, block_number, source) for source in sources)
        return frozenset().union(*found)

    asked = [bytes(chain.state.validators[index].pubkey) for index in range(A_BLOCK_TAKES + 2)]
    assert waiting_after(block_head(chain.rpc).number) == frozenset()
    for index in range(len(asked)):
        request_exit(chain, index)
    chain.step()
    first = block_head(chain.rpc).number
    waiting = waiting_after(first)
    assert len(waiting) == 2
    assert waiting < set(asked)
    chain.step()
    assert waiting_after(block_head(chain.rpc).number) == frozenset()
    assert waiting_after(first) == waiting
