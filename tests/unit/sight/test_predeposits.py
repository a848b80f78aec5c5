"""Deposit data as the registry's `predeposit` takes it."""

from keel.consensus.deposit_data import PREDEPOSIT_GWEI, DepositDataEntry
from keel.model.constants import ETHER
from keel.sight.predeposits import MOST_KEYS, predeposits_of


def entry(number: int) -> DepositDataEntry:
    return DepositDataEntry(
        pubkey=number.to_bytes(48),
        withdrawal_credentials=bytes(32),
        amount=PREDEPOSIT_GWEI,
        signature=number.to_bytes(96),
        deposit_message_root=bytes(32),
        deposit_data_root=number.to_bytes(32),
        fork_version=bytes(4),
        network_name="local",
        deposit_cli_version="2.7.0",
    )


def test_a_hundred_keys_go_into_one_call() -> None:
    calls = predeposits_of([entry(n) for n in range(MOST_KEYS)])
    assert [(len(call.entries), call.value_wei) for call in calls] == [(100, 100 * ETHER)]


def test_one_more_begins_another_call_with_its_own_ether() -> None:
    calls = predeposits_of([entry(n) for n in range(MOST_KEYS + 1)])
    assert [call.value_wei for call in calls] == [100 * ETHER, ETHER]


def test_a_call_packs_key_signature_and_root_in_order() -> None:
    (call,) = predeposits_of([entry(7), entry(9)])
    expected = [(n.to_bytes(48), n.to_bytes(96), n.to_bytes(32)) for n in (7, 9)]
    assert call.packed == b"".join(part for key in expected for part in key)
