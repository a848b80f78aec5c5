"""The states that tests prove keys with are those of the specification."""

import pytest

from keel.consensus.beacon.config import FORKS, Fork
from tests.beacon_record import BeaconRecord, BeaconValidator, prover_of, whole_state
from tests.unit.consensus.state_examples import spec_of


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize("count", [0, 1, 9])
def test_what_is_hashed_anew_is_what_the_specification_hashes(fork: Fork, count: int) -> None:
    record = BeaconRecord(slot=77 + count)
    record.add(*(BeaconValidator(bytes([n]) * 48, b"\x01" * 32) for n in range(count)))
    if count:
        record.change(bytes(48), slashed=True, exit_epoch=7, effective_balance_gwei=2 * 10**9)
    whole = whole_state(record.validators, fork, record.slot)
    tree = prover_of(record.validators, fork, slot=record.slot).tree
    assert tree.root == bytes(spec_of(fork).hash_tree_root(whole))
    assert tree.header_slot == record.slot
    header = whole.latest_block_header
    header.state_root = type(header.state_root)(tree.root)
    assert tree.header_fields.root == bytes(spec_of(fork).hash_tree_root(header))


def test_a_key_keeps_the_credentials_of_its_first_deposit() -> None:
    record = BeaconRecord()
    first = BeaconValidator(b"\x07" * 48, b"\x01" * 32)
    record.add(first, first._replace(withdrawal_credentials=b"\x02" * 32))
    assert record.validators[-1] == first
