"""Batches of keys as the registry takes them."""

from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, DepositDataEntry
from keel.model.commitment import key_batch_tree, key_leaf
from keel.model.merkle import verify_merkle_proof
from keel.sight.key_batches import MAX_BATCH_KEYS, batches_of


def entry(number: int) -> DepositDataEntry:
    return DepositDataEntry(
        pubkey=number.to_bytes(48),
        withdrawal_credentials=bytes(32),
        amount=FULL_DEPOSIT_GWEI,
        signature=number.to_bytes(96),
        deposit_message_root=bytes(32),
        deposit_data_root=number.to_bytes(32),
        fork_version=bytes(4),
        network_name="local",
        deposit_cli_version="2.7.0",
    )


def test_a_hundred_keys_are_one_batch() -> None:
    batches = batches_of([entry(n) for n in range(MAX_BATCH_KEYS)])
    assert [len(batch.keys) for batch in batches] == [MAX_BATCH_KEYS]


def test_one_more_begins_another() -> None:
    batches = batches_of([entry(n) for n in range(MAX_BATCH_KEYS + 1)])
    assert [len(batch.keys) for batch in batches] == [MAX_BATCH_KEYS, 1]


def test_a_batch_packs_key_signature_and_root_in_order() -> None:
    (batch,) = batches_of([entry(7), entry(9)])
    expected = [(n.to_bytes(48), n.to_bytes(96), n.to_bytes(32)) for n in (7, 9)]
    assert batch.packed == b"".join(part for key in expected for part in key)


def test_the_root_proves_each_key_at_its_index_only() -> None:
    (batch,) = batches_of([entry(n) for n in range(5)])
    tree = key_batch_tree([key.deposit_data_root for key in batch.keys])
    for index, key in enumerate(batch.keys):
        leaf, wrong = key_leaf(index, key.deposit_data_root), key_leaf(5, key.deposit_data_root)
        assert verify_merkle_proof(batch.root, leaf, tree.proof(index))
        assert not verify_merkle_proof(batch.root, wrong, tree.proof(index))
