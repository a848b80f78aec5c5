"""Ethereum's own contracts with their real code: deposits, beacon roots, EIP-7002 and EIP-7251."""

import pytest

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import now, set_next_timestamp
from keel.chain.deposit_contract import (
    GWEI,
    DepositData,
    deposit_contract,
    deposit_count,
    deposit_data_root,
    deposit_root,
)
from keel.chain.errors import RpcError
from keel.chain.revert import BareRevert, Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import (
    balance_wei,
    block_head,
    impersonate,
    runtime_code,
    set_balance_wei,
    storage_at,
    unlocked_accounts,
)
from keel.chain.system_contracts import (
    BEACON_ROOTS,
    CONSOLIDATION_REQUESTS,
    INSTALLED,
    SYSTEM_ADDRESS,
    WITHDRAWAL_REQUESTS,
    ConsolidationRequest,
    SystemContractMissingError,
    WithdrawalRequest,
    consolidation_request_fee_wei,
    dequeue_consolidation_requests,
    dequeue_withdrawal_requests,
    encode_consolidation_request,
    encode_withdrawal_request,
    genesis_contracts,
    install_system_contracts,
    set_beacon_root,
    system_call,
    withdrawal_request_fee_wei,
)
from keel.chain.transaction import send_transaction

RING_SLOTS = 8191  # HISTORY_BUFFER_LENGTH of EIP-4788
VALIDATOR = bytes(range(48))
OTHER_VALIDATOR = bytes(range(100, 148))


@pytest.fixture
def withdrawal_owner(rpc: RpcClient) -> str:
    return unlocked_accounts(rpc)[1]


def deposit_of(number: int) -> DepositData:
    return DepositData(
        pubkey=bytes([number]) * 48,
        withdrawal_credentials=b"\x01" + bytes(11) + bytes([number]) * 20,
        amount_gwei=(1 + number) * GWEI,
        signature=bytes([number + 100]) * 96,
    )


def stored_root(rpc: RpcClient, timestamp: int) -> bytes:
    data = "0x" + timestamp.to_bytes(32, "big").hex()
    return bytes.fromhex(rpc.call("eth_call", {"to": BEACON_ROOTS, "data": data}, "latest")[2:])


def test_every_contract_has_the_code_of_the_package_and_no_block_was_mined() -> None:
    with start_anvil() as anvil:
        install_system_contracts(anvil.rpc)
        for address in INSTALLED:
            expected = genesis_contracts()[address].code
            assert "0x" + runtime_code(anvil.rpc, address).hex() == expected
        assert block_head(anvil.rpc).number == 0


def test_installing_again_resets_the_contracts(rpc: RpcClient, withdrawal_owner: str) -> None:
    data = encode_withdrawal_request(VALIDATOR, 0)
    send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=1)
    install_system_contracts(rpc)
    assert dequeue_withdrawal_requests(rpc) == []


def test_the_deposit_root_equals_the_one_computed_by_the_specs_types(rpc: RpcClient) -> None:
    contract = deposit_contract(rpc)
    depositor = unlocked_accounts(rpc)[0]
    made: list[DepositData] = []
    assert contract.get_deposit_root() == deposit_root(made)
    for number in range(5):
        data = deposit_of(number)
        contract.deposit.send(
            data.pubkey,
            data.withdrawal_credentials,
            data.signature,
            deposit_data_root(data),
            sender=depositor,
            value_wei=data.amount_gwei * GWEI,
        )
        before = deposit_root(made)
        made.append(data)
        assert contract.get_deposit_root() == deposit_root(made) != before
    assert deposit_count(contract) == 5
    assert balance_wei(rpc, contract.address) == sum(d.amount_gwei for d in made) * GWEI


def test_the_deposit_root_depends_on_the_order() -> None:
    one, two = deposit_of(1), deposit_of(2)
    assert deposit_root([one, two]) != deposit_root([two, one])


def test_a_beacon_root_is_read_at_its_own_time_only(rpc: RpcClient) -> None:
    slot_time = now(rpc) + 12
    root = b"\xab" * 32
    set_beacon_root(rpc, slot_time, root)
    assert stored_root(rpc, slot_time) == root
    with pytest.raises(RpcError) as caught:
        stored_root(rpc, slot_time + 12)
    assert caught.value.data == b""


def test_a_beacon_root_set_beforehand_equals_the_system_call_inside_the_block(
    rpc: RpcClient,
) -> None:
    slot_time = now(rpc) + 12
    root = b"\xcd" * 32
    set_beacon_root(rpc, slot_time, root)
    slots = (slot_time % RING_SLOTS, slot_time % RING_SLOTS + RING_SLOTS)
    written = [storage_at(rpc, BEACON_ROOTS, slot) for slot in slots]
    install_system_contracts(rpc)
    impersonate(rpc, SYSTEM_ADDRESS)
    set_balance_wei(rpc, SYSTEM_ADDRESS, 10**18)
    later = slot_time + RING_SLOTS  # the same place in the ring
    set_next_timestamp(rpc, later)
    send_transaction(rpc, SYSTEM_ADDRESS, BEACON_ROOTS, root)
    mined = [storage_at(rpc, BEACON_ROOTS, slot) for slot in slots]
    assert written == [slot_time, int.from_bytes(root)]
    assert mined == [later, int.from_bytes(root)]


def test_a_beacon_root_has_32_bytes(rpc: RpcClient) -> None:
    with pytest.raises(ValueError, match="not 31"):
        set_beacon_root(rpc, now(rpc), bytes(31))


def test_a_withdrawal_request_is_enqueued_and_dequeued_once(
    rpc: RpcClient, withdrawal_owner: str
) -> None:
    for pubkey, amount_gwei in ((VALIDATOR, 0), (OTHER_VALIDATOR, 2**40 + 3)):
        data = encode_withdrawal_request(pubkey, amount_gwei)
        fee_wei = withdrawal_request_fee_wei(rpc)
        send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=fee_wei)
    block = block_head(rpc)
    assert dequeue_withdrawal_requests(rpc) == [
        WithdrawalRequest(withdrawal_owner, VALIDATOR, 0),
        WithdrawalRequest(withdrawal_owner, OTHER_VALIDATOR, 2**40 + 3),
    ]
    assert dequeue_withdrawal_requests(rpc) == []
    assert block_head(rpc) == block


def test_an_underpaid_withdrawal_request_is_refused(rpc: RpcClient, withdrawal_owner: str) -> None:
    data = encode_withdrawal_request(VALIDATOR, 0)
    assert withdrawal_request_fee_wei(rpc) == 1
    with pytest.raises(Reverted) as caught:
        send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=0)
    assert caught.value.cause == BareRevert()
    assert dequeue_withdrawal_requests(rpc) == []


def test_sixteen_withdrawal_requests_leave_the_queue_in_one_block(
    rpc: RpcClient, withdrawal_owner: str
) -> None:
    for amount_gwei in range(18):
        data = encode_withdrawal_request(VALIDATOR, amount_gwei)
        send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=10**9)
    first, second, third = (dequeue_withdrawal_requests(rpc) for _ in range(3))
    assert [request.amount_gwei for request in first] == list(range(16))
    assert [request.amount_gwei for request in second] == [16, 17]
    assert third == []


def test_the_withdrawal_fee_rises_with_demand_and_falls_again(
    rpc: RpcClient, withdrawal_owner: str
) -> None:
    for _ in range(40):
        data = encode_withdrawal_request(VALIDATOR, 0)
        send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=1)
    dequeue_withdrawal_requests(rpc)
    # EIP-7002: excess = 40 - 2, fee = fake exponential of 38 / 17.
    assert storage_at(rpc, WITHDRAWAL_REQUESTS, 0) == 38
    assert withdrawal_request_fee_wei(rpc) == 9
    for _ in range(19):
        dequeue_withdrawal_requests(rpc)
    assert withdrawal_request_fee_wei(rpc) == 1


def test_a_consolidation_request_is_enqueued_and_dequeued_once(
    rpc: RpcClient, withdrawal_owner: str
) -> None:
    data = encode_consolidation_request(VALIDATOR, OTHER_VALIDATOR)
    fee_wei = consolidation_request_fee_wei(rpc)
    send_transaction(rpc, withdrawal_owner, CONSOLIDATION_REQUESTS, data, value_wei=fee_wei)
    assert dequeue_consolidation_requests(rpc) == [
        ConsolidationRequest(withdrawal_owner, VALIDATOR, OTHER_VALIDATOR)
    ]
    assert dequeue_consolidation_requests(rpc) == []


def test_a_system_call_equals_the_transaction_of_the_system_address(
    rpc: RpcClient, withdrawal_owner: str
) -> None:
    """The trace's difference must be all that the real call writes, cleared slots included."""
    for _ in range(3):
        data = encode_withdrawal_request(VALIDATOR, 0)
        send_transaction(rpc, withdrawal_owner, WITHDRAWAL_REQUESTS, data, value_wei=1)
    snapshot = rpc.call("evm_snapshot")
    system_call(rpc, WITHDRAWAL_REQUESTS)
    by_difference = [storage_at(rpc, WITHDRAWAL_REQUESTS, slot) for slot in range(20)]
    rpc.call("evm_revert", snapshot)
    impersonate(rpc, SYSTEM_ADDRESS)
    set_balance_wei(rpc, SYSTEM_ADDRESS, 10**18)
    queued = [storage_at(rpc, WITHDRAWAL_REQUESTS, slot) for slot in range(20)]
    send_transaction(rpc, SYSTEM_ADDRESS, WITHDRAWAL_REQUESTS)
    by_transaction = [storage_at(rpc, WITHDRAWAL_REQUESTS, slot) for slot in range(20)]
    assert by_difference == by_transaction != queued


def test_a_system_call_needs_the_contract() -> None:
    with start_anvil() as bare, pytest.raises(SystemContractMissingError, match="has no code"):
        dequeue_withdrawal_requests(bare.rpc)


def test_system_calls_work_without_automatic_mining() -> None:
    with start_anvil(AnvilOptions(mining=False, hardfork="osaka")) as anvil:
        install_system_contracts(anvil.rpc)
        timestamp = now(anvil.rpc) + 12
        set_beacon_root(anvil.rpc, timestamp, b"\x01" * 32)
        assert stored_root(anvil.rpc, timestamp) == b"\x01" * 32
        assert withdrawal_request_fee_wei(anvil.rpc) == 1
        assert block_head(anvil.rpc).number == 0
