"""Finality that stops and returns; branches of both layers; a restart from disk."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from keel.chain.anvil import start_anvil
from keel.chain.clock import mine
from keel.chain.errors import RpcError
from keel.chain.state import balance_wei, block_head
from keel.chain.transaction import receipt_of, submit_transaction
from keel.consensus.beacon.branches import branching, restore_branch, take_branch
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.disk import load_chain, load_config, recover_folder, save_chain
from keel.consensus.beacon.errors import DataFolderError, NotReachedError, SnapshotEndedError
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.service.disk import owned_folder
from keel.service.errors import FolderError
from tests.consensus.conftest import DEPOSITED_KEY, SettledChain

RECIPIENT = "0x" + "cd" * 20


def test_finality_stops_with_a_third_offline_and_returns_with_them(chain: BeaconChain) -> None:
    slots = int(chain.spec.SLOTS_PER_EPOCH)
    chain.to_next_epoch()
    absent = enough_to_stop_finality(chain.spec, chain.state)
    assert 3 * len(absent) > len(chain.state.validators) >= 3 * (len(absent) - 1)
    chain.participation.go_offline(absent)
    chain.run(2 * slots)
    stopped_at = chain.finalised_epoch
    with pytest.raises(NotReachedError):
        chain.to_finality(most=4 * slots)
    assert chain.finalised_epoch == stopped_at
    assert chain.spec.is_in_inactivity_leak(chain.state)
    chain.participation.come_back()
    chain.to_finality(most=5 * slots)
    assert chain.finalised_epoch > stopped_at


def test_finality_goes_on_with_a_third_of_the_stake_offline(chain: BeaconChain) -> None:
    chain.to_next_epoch()
    absent = enough_to_stop_finality(chain.spec, chain.state)[:-1]
    chain.participation.go_offline(absent)
    before = chain.finalised_epoch
    chain.run(4 * int(chain.spec.SLOTS_PER_EPOCH))
    assert chain.finalised_epoch >= before + 2


def test_a_branch_leaves_no_trace_on_either_layer(settled: SettledChain) -> None:
    chain = settled.chain
    head = (chain.slot, chain.head_root, bytes(chain.spec.hash_tree_root(chain.state)))
    block = block_head(chain.rpc)
    keys, attestations = dict(chain.keys.secrets), list(chain.pool.attestations)
    with branching(chain):
        sent = submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=9)
        vote_twice(chain, [1, 2])
        chain.keys.add_secret(4711)
        chain.participation.go_offline([5])
        chain.fees.default_recipient = RECIPIENT
        chain.run(10)
        submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=1)
        assert balance_wei(chain.rpc, RECIPIENT) == 9
    assert (chain.slot, chain.head_root, bytes(chain.spec.hash_tree_root(chain.state))) == head
    assert block_head(chain.rpc) == block
    assert (chain.keys.secrets, chain.pool.attestations) == (keys, attestations)
    assert chain.participation.offline == set()
    assert chain.fees.default_recipient != RECIPIENT
    assert receipt_of(chain.rpc, sent) is None
    assert chain.step().transactions == 0
    assert balance_wei(chain.rpc, RECIPIENT) == 0


def test_branches_go_the_same_way_when_the_same_happens(chain: BeaconChain) -> None:
    snapshot = take_branch(chain)
    reveals = []
    for _ in range(2):
        chain.run(3)
        assert chain.head_block is not None
        reveals.append(bytes(chain.head_block.message.body.randao_reveal))
        balances = [int(balance) for balance in chain.state.balances]
        restore_branch(chain, snapshot)
    assert reveals[0] == reveals[1]
    assert balances != [int(balance) for balance in chain.state.balances]


def test_a_snapshot_ends_when_an_earlier_one_is_restored(chain: BeaconChain) -> None:
    early = take_branch(chain)
    chain.step()
    late = take_branch(chain)
    restore_branch(chain, early)
    with pytest.raises(SnapshotEndedError, match="an earlier one was restored"):
        restore_branch(chain, late)


def test_a_chain_goes_on_from_disk_with_the_same_head(
    settled: SettledChain, tmp_path: Path
) -> None:
    chain, folder = settled.chain, tmp_path / "chain"
    chain.participation.go_offline([7])
    chain.fees.send_fees_of([DEPOSITED_KEY.public_key], RECIPIENT)
    vote_twice(chain, [3])
    chain.step()
    vote_twice(chain, [4])
    save_chain(chain, folder)
    save_chain(chain, folder)
    with start_anvil(anvil_options(load_config(folder))) as anvil:
        again = load_chain(folder, anvil.rpc)
        assert (again.slot, again.head_root) == (chain.slot, chain.head_root)
        assert again.spec.hash_tree_root(again.state) == chain.spec.hash_tree_root(chain.state)
        assert block_head(again.rpc) == block_head(chain.rpc)
        assert again.config == chain.config
        assert again.participation.offline == {7}
        assert again.fees.recipient(DEPOSITED_KEY.public_key) == RECIPIENT
        chain.run(9)
        again.run(9)
        assert again.state.validators[4].slashed
        assert list(again.state.balances) == list(chain.state.balances)
        old = again.store.block_at(5)
        assert old is not None
        assert again.spec.hash_tree_root(again.store.state_at(5)) == old.message.state_root
    assert (folder / "keys.json").stat().st_mode & 0o077 == 0


class CutOffError(Exception):
    """In the place of a kill."""


def test_a_save_that_is_cut_off_loses_nothing(
    chain: BeaconChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before any of its steps on the folders, a save leaves a chain to go on with."""
    folder = tmp_path / "chain"
    save_chain(chain, folder)
    earlier, at = chain.slot, 0
    chain.run(1)
    while not saves(chain, folder, monkeypatch, at):
        recover_folder(folder)
        found = orjson.loads((folder / "chain.json").read_bytes())["head_slot"]
        assert found in (earlier, chain.slot)
        assert (folder / "states" / f"{found}.ssz").is_file()
        at += 1
    assert at > 2
    assert orjson.loads((folder / "chain.json").read_bytes())["head_slot"] == chain.slot
    assert [each.name for each in tmp_path.iterdir()] == ["chain"]


def saves(chain: BeaconChain, folder: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> bool:
    """Whether a save is done after so many renamed and removed folders; it ends there if not."""
    steps = 0

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps > most:
                raise CutOffError
            return method(*arguments, **options)

        return step

    with monkeypatch.context() as cut:
        cut.setattr(Path, "rename", counted(Path.rename))
        cut.setattr("shutil.rmtree", counted(shutil.rmtree))
        try:
            save_chain(chain, folder)
        except CutOffError:
            return False
    return True


def test_a_save_leaves_the_folder_to_its_owner(chain: BeaconChain, tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    with owned_folder(folder):
        save_chain(chain, folder)
        assert (folder / "chain.json").is_file()
        with pytest.raises(FolderError, match="is in use by another process"), owned_folder(folder):
            pass
    with owned_folder(folder):
        pass


def test_a_chain_that_began_by_the_clock_goes_on_later(tmp_path: Path) -> None:
    folder = tmp_path / "chain"
    config = ChainConfig(slot_seconds=1, verify_own_signatures=False)
    with start_anvil(anvil_options(config)) as anvil:
        chain = start_chain(anvil.rpc, config)
        chain.run(2)
        save_chain(chain, folder)
    time.sleep(4)
    with start_anvil(anvil_options(load_config(folder))) as anvil:
        again = load_chain(folder, anvil.rpc)
        assert again.step().missed is None
        assert block_head(anvil.rpc).timestamp == chain.time_at(3)


def test_what_others_mined_since_the_last_slot_is_in_the_next_one(
    settled: SettledChain, tmp_path: Path
) -> None:
    chain, folder = settled.chain, tmp_path / "chain"
    submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=9)
    mine(chain.rpc)
    save_chain(chain, folder)
    with start_anvil(anvil_options(load_config(folder))) as anvil:
        assert load_chain(folder, anvil.rpc).step().transactions == 1


@pytest.mark.parametrize("blocks", [0, 3])
def test_balances_can_be_read_at_as_many_blocks_as_were_kept(
    settled: SettledChain, tmp_path: Path, blocks: int
) -> None:
    chain, folder = settled.chain, tmp_path / "chain"
    for _ in range(4):
        submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=1)
        chain.step()
    head = block_head(chain.rpc).number
    save_chain(chain, folder, history_blocks=blocks)
    with start_anvil(anvil_options(load_config(folder))) as anvil:
        load_chain(folder, anvil.rpc)
        assert balance_wei(anvil.rpc, RECIPIENT) == 4
        for number in range(head, head - blocks, -1):
            assert balance_wei(anvil.rpc, RECIPIENT, number) == 4 - (head - number)
        with pytest.raises(RpcError):
            balance_wei(anvil.rpc, RECIPIENT, head - max(blocks, 1))


def test_a_folder_without_a_chain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="holds no chain"):
        load_config(tmp_path)
    (tmp_path / "chain.json").write_bytes(orjson.dumps({"format": 0}))
    with pytest.raises(DataFolderError, match="format 0, 2 expected"):
        load_config(tmp_path)


def test_a_state_between_epochs_is_made_again_from_the_blocks(chain: BeaconChain) -> None:
    slot = 13
    assert slot not in chain.store.recent_states
    block = chain.store.block_at(slot)
    assert block is not None
    assert chain.spec.hash_tree_root(chain.store.state_at(slot)) == block.message.state_root
