"""One slot on both layers: blocks and their absence, roots, transactions, fees, withdrawals."""

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.clock import mine
from keel.chain.errors import RpcError
from keel.chain.revert import BareRevert, Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, block_head, set_runtime_code
from keel.chain.system_contracts import BEACON_ROOTS
from keel.chain.transaction import receipt_of, send_transaction, submit_transaction
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import FORKS, ChainConfig, Fork, anvil_options
from keel.consensus.beacon.execution import mine_at_once, mine_on_request
from tests.consensus.conftest import SettledChain
from tests.inclusion import include

GWEI = 10**9
RECIPIENT = "0x" + "ab" * 20
REVERTS_ALWAYS = bytes.fromhex("5f5ffd")


def root_in_execution(rpc: RpcClient, timestamp: int) -> bytes:
    data = "0x" + timestamp.to_bytes(32, "big").hex()
    return bytes.fromhex(rpc.call("eth_call", {"to": BEACON_ROOTS, "data": data}, "latest")[2:])


@pytest.mark.parametrize("fork", FORKS)
def test_a_fresh_chain_finalises(fork: Fork) -> None:
    config = ChainConfig(fork=fork)
    with start_anvil(anvil_options(config)) as anvil:
        chain = start_chain(anvil.rpc, config)
        slots = int(chain.spec.SLOTS_PER_EPOCH)
        outcomes = chain.run(4 * slots)
        assert chain.spec.fork == fork
        assert [outcome.missed for outcome in outcomes] == [None] * 4 * slots
        assert (chain.epoch, chain.finalised_epoch) == (4, 2)
        assert block_head(anvil.rpc).number == 4 * slots


@pytest.mark.parametrize("verified", [True, False])
def test_own_signatures_are_verified_except_in_fast_mode(verified: bool) -> None:
    config = ChainConfig(verify_own_signatures=verified)
    with start_anvil(anvil_options(config)) as anvil:
        chain = start_chain(anvil.rpc, config)
        chain.keys.secrets = dict.fromkeys(chain.keys.secrets, 1)
        before = chain.state
        if verified:
            with pytest.raises(AssertionError):
                chain.step()
            assert chain.state is before
        else:
            assert chain.step().missed is None


def test_every_block_of_anvil_has_the_time_of_its_slot_and_the_root_before(
    chain: BeaconChain,
) -> None:
    for slot in range(1, chain.slot + 1):
        block = chain.store.block_at(slot)
        assert block is not None
        time = chain.time_at(slot)
        number = int(block.message.body.execution_payload.block_number)
        assert block_head(chain.rpc, number).timestamp == time
        assert root_in_execution(chain.rpc, time) == bytes(block.message.parent_root)
        assert bytes(block.message.parent_root) == chain.store.root_at(slot - 1)


def test_a_missed_slot_has_no_block_and_no_root(chain: BeaconChain) -> None:
    chain.step()
    before, number = chain.head_root, block_head(chain.rpc).number
    missed = chain.slot + 1
    chain.participation.miss([missed])
    outcome = chain.step()
    assert (outcome.slot, outcome.root, outcome.missed) == (missed, None, "asked for")
    assert block_head(chain.rpc).number == number
    assert chain.store.block_at(missed) is None
    assert chain.store.root_at(missed) == chain.head_root == before
    with pytest.raises(RpcError) as caught:
        root_in_execution(chain.rpc, chain.time_at(missed))
    assert caught.value.data == b""
    assert chain.step().missed is None
    assert block_head(chain.rpc).number == number + 1
    assert root_in_execution(chain.rpc, chain.time_at(missed + 1)) == before


def test_a_missed_epoch_delays_finality_without_ending_it(chain: BeaconChain) -> None:
    chain.to_next_epoch()
    slots = int(chain.spec.SLOTS_PER_EPOCH)
    chain.participation.miss(range(chain.slot + 1, chain.slot + 1 + slots))
    finalised = chain.finalised_epoch
    chain.run(slots)
    assert chain.finalised_epoch == finalised
    chain.to_finality(most=6 * slots)
    assert chain.finalised_epoch > finalised


def test_a_proposer_that_is_offline_misses_its_slot(chain: BeaconChain) -> None:
    ahead = chain.state.copy()
    chain.spec.process_slots(ahead, ahead.slot + 1)
    proposer = int(chain.spec.get_beacon_proposer_index(ahead))
    chain.participation.go_offline([proposer])
    outcome = chain.step()
    assert (outcome.proposer, outcome.missed) == (proposer, "proposer offline")


def test_transactions_of_any_wallet_are_in_the_payload(settled: SettledChain) -> None:
    chain = settled.chain
    hashes = [
        submit_transaction(chain.rpc, sender, RECIPIENT, value_wei=7)
        for sender in (settled.depositor, settled.withdrawal_owner)
    ]
    assert chain.step().transactions == 2
    raw = {chain.rpc.call("eth_getRawTransactionByHash", each) for each in hashes}
    assert chain.head_block is not None
    payload = chain.head_block.message.body.execution_payload
    assert {"0x" + bytes(transaction).hex() for transaction in payload.transactions} == raw
    assert int(payload.gas_used) == 2 * 21_000
    assert balance_wei(chain.rpc, RECIPIENT) == 14


def test_blocks_that_another_tool_mined_are_folded_into_the_next_payload(
    settled: SettledChain,
) -> None:
    chain = settled.chain
    first = submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=1)
    chain.rpc.call("evm_setNextBlockTimestamp", hex(chain.time_at(chain.slot) + 1))
    mine(chain.rpc)
    submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=1)
    outcome = chain.step()
    receipt = receipt_of(chain.rpc, first)
    assert receipt is not None
    assert receipt.block_number + 1 == outcome.block_number
    assert outcome.transactions == 2


def test_tools_that_wait_for_receipts_can_mine_between_slots(settled: SettledChain) -> None:
    chain = settled.chain
    mine_at_once(chain.rpc)
    receipts = [
        send_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=3) for _ in range(3)
    ]
    mine_on_request(chain.rpc)
    assert chain.time_at(chain.slot) <= receipts[0].timestamp <= receipts[2].timestamp
    assert receipts[2].timestamp < chain.time_at(chain.slot + 1)
    assert chain.step().transactions == 3
    submit_transaction(chain.rpc, settled.depositor, RECIPIENT)
    assert chain.step().transactions == 1


def test_gas_is_estimated_for_a_later_time_than_the_heads(settled: SettledChain) -> None:
    chain, sender = settled.chain, settled.depositor
    now = block_head(chain.rpc).timestamp
    # Writes storage in a block of a later time only: TIMESTAMP > now ? SSTORE(0, 1) : STOP
    code = bytes.fromhex(f"4263{now:08x}10600b57005b600160005500")
    estimate = chain.rpc.call("eth_estimateGas", {"from": sender, "data": "0x" + code.hex()})
    sent = submit_transaction(chain.rpc, sender, None, code, gas=int(estimate, 16))
    chain.step()
    receipt = receipt_of(chain.rpc, sent)
    assert receipt is not None
    assert receipt.succeeded


def test_a_transaction_is_included_by_the_next_block(settled: SettledChain) -> None:
    chain = settled.chain
    chain.participation.miss([chain.slot + 1])
    receipt = include(chain, settled.depositor, RECIPIENT, value_wei=3)
    assert receipt.timestamp == chain.time_at(chain.slot)
    assert balance_wei(chain.rpc, RECIPIENT) == 3
    set_runtime_code(chain.rpc, RECIPIENT, REVERTS_ALWAYS)
    with pytest.raises(Reverted) as caught:
        include(chain, settled.depositor, RECIPIENT, gas=100_000)
    assert caught.value.cause == BareRevert()


def test_withdrawals_are_credited_to_the_wei(chain: BeaconChain) -> None:
    for _ in range(4):
        ahead = chain.state.copy()
        chain.spec.process_slots(ahead, ahead.slot + 1)
        expected = chain.spec.get_expected_withdrawals(ahead).withdrawals
        owners = ["0x" + bytes(w.address).hex() for w in expected]
        before = [balance_wei(chain.rpc, owner) for owner in owners]
        outcome = chain.step()
        after = [balance_wei(chain.rpc, owner) for owner in owners]
        gained = [new - old for new, old in zip(after, before, strict=True)]
        assert gained == [int(w.amount) * GWEI for w in expected]
        assert [credit.amount_gwei for credit in outcome.withdrawals] == [
            int(w.amount) for w in expected
        ]
        assert expected, "rewards above 32 ETH are swept in every slot"
        number = block_head(chain.rpc).number
        assert [balance_wei(chain.rpc, owner, number - 1) for owner in owners] == before


def test_priority_fees_reach_the_fee_recipient_of_the_proposer(settled: SettledChain) -> None:
    chain = settled.chain
    pubkeys = [bytes(validator.pubkey) for validator in chain.state.validators]
    chain.fees.send_fees_of(pubkeys, RECIPIENT)
    tip_wei = 3 * GWEI
    transaction = {
        "from": settled.depositor,
        "to": settled.withdrawal_owner,
        "gas": hex(21_000),
        "maxPriorityFeePerGas": hex(tip_wei),
        "maxFeePerGas": hex(10**12),
    }
    chain.rpc.call("eth_sendTransaction", transaction)
    chain.step()
    assert balance_wei(chain.rpc, RECIPIENT) == 21_000 * tip_wei
    assert chain.head_block is not None
    payload = chain.head_block.message.body.execution_payload
    assert "0x" + bytes(payload.fee_recipient).hex() == RECIPIENT


def test_only_the_proposers_own_recipient_is_paid(chain: BeaconChain) -> None:
    ahead = chain.state.copy()
    chain.spec.process_slots(ahead, ahead.slot + 1)
    proposer = int(chain.spec.get_beacon_proposer_index(ahead))
    others = [bytes(v.pubkey) for i, v in enumerate(chain.state.validators) if i != proposer]
    chain.fees.send_fees_of(others, RECIPIENT)
    before = balance_wei(chain.rpc, chain.fees.default_recipient)
    chain.fees.mev_payment_wei = 5
    chain.step()
    assert balance_wei(chain.rpc, RECIPIENT) == 0
    assert balance_wei(chain.rpc, chain.fees.default_recipient) == before + 5


def test_mev_is_paid_to_the_wei_while_asked_for(chain: BeaconChain) -> None:
    chain.fees.default_recipient = RECIPIENT
    chain.fees.mev_payment_wei = 10**17 + 1
    assert [chain.step().mev_wei for _ in range(2)] == [10**17 + 1] * 2
    chain.fees.mev_payment_wei = 0
    assert chain.step().mev_wei == 0
    assert balance_wei(chain.rpc, RECIPIENT) == 2 * (10**17 + 1)


def test_mev_that_the_recipient_refuses_is_not_counted(chain: BeaconChain) -> None:
    set_runtime_code(chain.rpc, RECIPIENT, REVERTS_ALWAYS)
    chain.fees.default_recipient = RECIPIENT
    chain.fees.mev_payment_wei = 10**17
    outcome = chain.step()
    assert (outcome.transactions, outcome.mev_wei) == (1, 0)
    assert balance_wei(chain.rpc, RECIPIENT) == 0


def test_a_genesis_in_anvils_past_misses_the_slots_up_to_it() -> None:
    config = ChainConfig(genesis_time=1_800_000_000)
    with start_anvil(anvil_options(config)) as anvil:
        anvil.rpc.call("evm_setNextBlockTimestamp", hex(1_800_000_000 + 30))
        mine(anvil.rpc)
        chain = start_chain(anvil.rpc, config)
        assert [outcome.missed for outcome in chain.run(4)] == ["Anvil is ahead"] * 2 + [None] * 2
