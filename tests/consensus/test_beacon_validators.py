"""The life of validators: deposit, activation, top-up, requests of their owners, departure."""

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.clock import mine
from keel.chain.deposit_contract import deposit_contract, deposit_count
from keel.chain.state import balance_wei, unlocked_accounts
from keel.chain.system_contracts import (
    WITHDRAWAL_REQUESTS,
    encode_withdrawal_request,
    install_system_contracts,
)
from keel.chain.transaction import receipt_of, submit_transaction
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import FORKS, ChainConfig, Fork, anvil_options
from keel.consensus.beacon.genesis import withdrawal_address
from keel.consensus.beacon.requests import (
    deposit,
    request_compounding,
    request_consolidation,
    request_exit,
    request_withdrawal,
    submit_deposit,
    top_up,
    withdrawal_address_of,
)
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.consensus.deposit_data import execution_credentials, make_deposit_data
from keel.consensus.keys import ValidatorKey, public_key
from tests.consensus.conftest import DEPOSITED_KEY, SettledChain

GWEI = 10**9
ETHER_GWEI = 10**9
NEVER = 2**64 - 1
COMPOUNDING = 60  # the last 16 genesis validators compound
ORDINARY = 2


def key_of(secret: int) -> ValidatorKey:
    return ValidatorKey("m", secret, public_key(secret))


def test_a_deposited_validator_is_active_attests_and_earns(settled: SettledChain) -> None:
    chain, index = settled.chain, settled.deposited
    validator = chain.state.validators[index]
    assert bytes(validator.pubkey) == DEPOSITED_KEY.public_key
    assert deposit_count(deposit_contract(chain.rpc)) == 1
    chain.to_next_epoch()
    chain.run(int(chain.spec.SLOTS_PER_EPOCH))
    assert int(chain.state.previous_epoch_participation[index]) == 0b111
    earned_gwei = int(chain.state.balances[index]) - 32 * ETHER_GWEI
    assert earned_gwei > 0


def test_a_deposited_validator_whose_key_is_not_here_attests_to_nothing(
    settled: SettledChain,
) -> None:
    chain, index = settled.chain, settled.deposited
    del chain.keys.secrets[DEPOSITED_KEY.public_key]
    chain.to_next_epoch()
    chain.run(int(chain.spec.SLOTS_PER_EPOCH))
    assert int(chain.state.previous_epoch_participation[index]) == 0


def test_a_deposit_with_a_wrong_signature_never_becomes_a_validator(settled: SettledChain) -> None:
    chain = settled.chain
    key, other = key_of(77), key_of(78)
    credentials = execution_credentials(b"\x01" * 20)
    good = make_deposit_data(key, credentials)
    bad = make_deposit_data(other, credentials, network="mainnet")
    for entry in (bad, good):
        submit_deposit(chain.rpc, entry, settled.depositor)
    chain.step()
    assert len(chain.state.pending_deposits) == 2
    chain.run_until(lambda c: not c.state.pending_deposits)
    pubkeys = {bytes(validator.pubkey) for validator in chain.state.validators}
    assert key.public_key in pubkeys
    assert other.public_key not in pubkeys


def test_a_compounding_validator_by_deposit_earns_on_more_than_32_ether(
    settled: SettledChain,
) -> None:
    chain, key = settled.chain, key_of(79)
    credentials = execution_credentials(b"\x02" * 20, compounding=True)
    deposit(chain, key, credentials, 96 * ETHER_GWEI, settled.depositor)
    chain.to_activation(key.public_key)
    validator = chain.state.validators[chain.index_of(key.public_key)]
    assert int(validator.effective_balance) == 96 * ETHER_GWEI


def test_a_top_up_raises_the_balance_by_just_its_amount(settled: SettledChain) -> None:
    chain = settled.chain
    top_up(chain, COMPOUNDING, 5 * ETHER_GWEI, settled.depositor)
    chain.step()
    (pending,) = chain.state.pending_deposits
    assert int(pending.amount) == 5 * ETHER_GWEI
    before = int(chain.state.balances[COMPOUNDING])
    count = len(chain.state.validators)
    chain.run_until(lambda c: not c.state.pending_deposits)
    gained = int(chain.state.balances[COMPOUNDING]) - before
    assert 5 * ETHER_GWEI < gained < 51 * ETHER_GWEI // 10
    assert len(chain.state.validators) == count
    assert int(chain.state.validators[COMPOUNDING].effective_balance) == 37 * ETHER_GWEI


def test_an_exit_by_the_owner_ends_with_everything_at_the_withdrawal_address(
    settled: SettledChain,
) -> None:
    chain, index = settled.chain, settled.deposited
    chain.to_next_epoch()
    request_exit(chain, index)
    chain.step()
    assert chain.state.validators[index].exit_epoch != NEVER
    paid_gwei = 0
    before_wei = balance_wei(chain.rpc, settled.withdrawal_owner)
    while not chain._is_withdrawn(index):
        for credit in chain.step().withdrawals:
            if credit.address == settled.withdrawal_owner.lower():
                paid_gwei += credit.amount_gwei
    gained_wei = balance_wei(chain.rpc, settled.withdrawal_owner) - before_wei
    assert gained_wei == paid_gwei * GWEI
    assert paid_gwei > 32 * ETHER_GWEI


def test_an_exit_asked_for_too_early_is_ignored_in_silence(settled: SettledChain) -> None:
    chain, index = settled.chain, settled.deposited
    activation = int(chain.state.validators[index].activation_epoch)
    assert chain.epoch == activation
    sent = request_exit(chain, index)
    chain.step()
    receipt = receipt_of(chain.rpc, sent)
    assert receipt is not None
    assert receipt.succeeded
    assert chain.head_block is not None
    assert len(chain.head_block.message.body.execution_requests.withdrawals) == 1
    assert chain.state.validators[index].exit_epoch == NEVER
    chain.to_next_epoch()
    request_exit(chain, index)
    chain.step()
    assert chain.state.validators[index].exit_epoch != NEVER


def test_a_request_of_a_stranger_is_ignored(settled: SettledChain) -> None:
    chain = settled.chain
    pubkey = bytes(chain.state.validators[ORDINARY].pubkey)
    data = encode_withdrawal_request(pubkey, 0)
    submit_transaction(chain.rpc, settled.depositor, WITHDRAWAL_REQUESTS, data, value_wei=1)
    chain.step()
    assert chain.head_block is not None
    assert len(chain.head_block.message.body.execution_requests.withdrawals) == 1
    assert chain.state.validators[ORDINARY].exit_epoch == NEVER


def test_a_partial_withdrawal_takes_just_its_amount_from_a_compounding_validator(
    settled: SettledChain,
) -> None:
    chain = settled.chain
    top_up(chain, COMPOUNDING, 4 * ETHER_GWEI, settled.depositor)
    chain.step()
    chain.run_until(lambda c: not c.state.pending_deposits)
    request_withdrawal(chain, COMPOUNDING, 3 * ETHER_GWEI)
    request_withdrawal(chain, ORDINARY, 3 * ETHER_GWEI)
    chain.step()
    (pending,) = chain.state.pending_partial_withdrawals
    assert (int(pending.validator_index), int(pending.amount)) == (COMPOUNDING, 3 * ETHER_GWEI)
    owner = withdrawal_address_of(chain, COMPOUNDING)
    assert owner == withdrawal_address(COMPOUNDING)
    before_wei = balance_wei(chain.rpc, owner)
    chain.run_until(lambda c: not c.state.pending_partial_withdrawals)
    assert balance_wei(chain.rpc, owner) - before_wei == 3 * ETHER_GWEI * GWEI
    assert chain.state.validators[COMPOUNDING].exit_epoch == NEVER


def test_a_consolidation_moves_the_balance_to_the_compounding_target(chain: BeaconChain) -> None:
    request_consolidation(chain, ORDINARY, COMPOUNDING)
    request_consolidation(chain, ORDINARY + 1, ORDINARY + 2)
    chain.step()
    (pending,) = chain.state.pending_consolidations
    assert (int(pending.source_index), int(pending.target_index)) == (ORDINARY, COMPOUNDING)
    chain.run_until(lambda c: not c.state.pending_consolidations)
    chain.run(2 * int(chain.spec.SLOTS_PER_EPOCH))
    assert int(chain.state.validators[COMPOUNDING].effective_balance) == 64 * ETHER_GWEI
    assert int(chain.state.balances[ORDINARY]) < ETHER_GWEI
    assert int(chain.state.validators[ORDINARY].effective_balance) == 0


def test_an_owner_can_switch_a_validator_to_compounding(chain: BeaconChain) -> None:
    request_compounding(chain, ORDINARY)
    chain.step()
    assert bytes(chain.state.validators[ORDINARY].withdrawal_credentials)[0] == 2


def test_a_voluntary_exit_is_signed_by_the_validator_itself(settled: SettledChain) -> None:
    chain = settled.chain
    exit_voluntarily(chain, ORDINARY)
    chain.step()
    assert chain.state.validators[ORDINARY].exit_epoch != NEVER
    chain.to_withdrawal(bytes(chain.state.validators[ORDINARY].pubkey))
    assert int(chain.state.balances[ORDINARY]) == 0


@pytest.mark.parametrize("fork", FORKS)
def test_deposits_before_genesis_are_no_validators_and_hold_up_no_later_ones(fork: Fork) -> None:
    config = ChainConfig(fork=fork, verify_own_signatures=False)
    with start_anvil(anvil_options(config)) as anvil:
        install_system_contracts(anvil.rpc)
        depositor = unlocked_accounts(anvil.rpc)[0]
        credentials = execution_credentials(b"\x03" * 20)
        early, late = (make_deposit_data(key_of(secret), credentials) for secret in (5, 6))
        submit_deposit(anvil.rpc, early, depositor)
        mine(anvil.rpc)
        chain = start_chain(anvil.rpc, config)
        chain.run(1)
        assert not chain.state.pending_deposits
        submit_deposit(chain.rpc, late, depositor)
        chain.run(1)
        assert len(chain.state.pending_deposits) == 1
        chain.run_until(lambda c: not c.state.pending_deposits)
        pubkeys = {bytes(validator.pubkey) for validator in chain.state.validators}
        assert late.pubkey in pubkeys
        assert early.pubkey not in pubkeys
