"""Who deposited for a key before is found without reading the chain from its start."""

import pytest

from keel.chain.anvil import TEST_MNEMONIC, AnvilOptions, start_anvil
from keel.chain.deposit_contract import (
    DepositContract,
    DepositData,
    deposit_contract,
    deposit_data_root,
)
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head, unlocked_accounts
from keel.chain.system_contracts import install_system_contracts
from keel.consensus.api.server import serving
from keel.consensus.deposit_data import make_deposit_data
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.keeper.staking import (
    DEPOSITED_BEFORE,
    MOST_LOG_BLOCKS,
    LongLogError,
    choose_keys,
    deposited_ever,
)
from keel.keeper.state_reader import deposited_by_beacon
from keel.model.constants import ETHER, GWEI, VALIDATOR_DEPOSIT_WEI
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.operators import NETWORK
from keel.scenarios.users import deposit
from keel.sight.history import Historian
from tests.robustness.counting import counting

TEN_YEARS_BLOCKS = 10 * 365 * 7_200
DEPOSIT_WEI = ETHER
KEYS_EACH = 4
FOREIGN_CREDENTIALS = b"\x01" + bytes(31)


def deposit_for(
    deposits: DepositContract, pubkey: bytes, sender: str, signature: bytes = bytes(96)
) -> None:
    """A deposit for a key with other credentials; valid only with the key's own signature."""
    data = DepositData(pubkey, FOREIGN_CREDENTIALS, DEPOSIT_WEI // GWEI, signature)
    deposits.deposit.send(
        data.pubkey,
        data.withdrawal_credentials,
        data.signature,
        deposit_data_root(data),
        sender=sender,
        value_wei=DEPOSIT_WEI,
    )


def signature_of(pubkey: bytes) -> bytes:
    """An operator's own signature of such a deposit."""
    keys = derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), 3 * KEYS_EACH)
    entries = (
        make_deposit_data(key, FOREIGN_CREDENTIALS, DEPOSIT_WEI // GWEI, network=NETWORK.name)
        for key in keys
    )
    return next(entry.signature for entry in entries if entry.pubkey == pubkey)


def test_the_beacon_state_tells_older_deposits_and_the_log_only_the_rest(
    keepers_world: BeaconWorld,
) -> None:
    world, chain = keepers_world, keepers_world.beacon.chain
    contracts, stranger = world.contracts, world.actors["attacker"]
    registry = contracts.registry
    historian = Historian(contracts, world.first_block)
    waiting = historian.waiting_keys(historian.up_to(block_head(contracts.rpc)))
    old, new, *free = [committed.key.pubkey for committed in waiting]
    deposit_for(contracts.deposits, old, stranger, signature_of(old))
    old_block = block_head(contracts.rpc).number
    deposit(world, "depositor", 4 * VALIDATOR_DEPOSIT_WEI)
    epoch_slots = int(chain.spec.SLOTS_PER_EPOCH)
    chain.run(4 * epoch_slots)
    deposit_for(contracts.deposits, new, stranger)
    with (
        serving(chain) as beacon_url,
        AgreedBeacon([beacon_url]) as beacon,
        counting(chain.rpc.url) as node,
        RpcClient(node.url) as rpc,
    ):
        deposits = deposit_contract(rpc)
        choice = choose_keys(
            contracts.vault,
            registry,
            contracts.deposits,
            NETWORK,
            historian,
            deposited=deposited_by_beacon(beacon, deposits),
        )
        head = block_head(rpc).number
        assert head - old_block > node.log_blocks > 0
        assert node.log_blocks <= 3 * epoch_slots
        assert {(r.key.key.pubkey, r.reason) for r in choice.refused} == {
            (old, DEPOSITED_BEFORE),
            (new, DEPOSITED_BEFORE),
        }
        assert {committed.key.pubkey for committed in choice.keys} <= set(free)
        assert choice.keys


def test_without_ether_for_a_validator_nothing_is_read(
    keepers_world: BeaconWorld, artifacts: Artifacts
) -> None:
    assert keepers_world.contracts.vault.stakeableWei() < VALIDATOR_DEPOSIT_WEI
    with counting(keepers_world.rpc.url) as node, RpcClient(node.url) as rpc:
        c = bind(rpc, keepers_world.manifest.addresses, artifacts)
        choice = choose_keys(
            c.vault,
            c.registry,
            c.deposits,
            NETWORK,
            Historian(c, keepers_world.first_block),
            deposited=deposited_ever(c.deposits),
        )
        assert (choice.keys, node.log_blocks) == ((), 0)


@pytest.mark.parametrize("before", [TEN_YEARS_BLOCKS, MOST_LOG_BLOCKS - 1, 0])
def test_without_a_beacon_node_a_long_log_is_refused_unread(before: int) -> None:
    with start_anvil(AnvilOptions(genesis_number=before)) as anvil:
        install_system_contracts(anvil.rpc)
        (stranger, *_) = unlocked_accounts(anvil.rpc)
        deposit_for(deposit_contract(anvil.rpc), bytes(48), stranger)
        length = block_head(anvil.rpc).number
        asked = frozenset({bytes(48), b"\1" * 48})
        with counting(anvil.url) as node, RpcClient(node.url) as rpc:
            ever = deposited_ever(deposit_contract(rpc))
            if length <= MOST_LOG_BLOCKS:
                assert ever(asked, FOREIGN_CREDENTIALS) == {bytes(48)}
                assert node.log_blocks == length + 1
            else:
                with pytest.raises(LongLogError, match=f"span {length:,} blocks"):
                    ever(asked, FOREIGN_CREDENTIALS)
                assert node.log_blocks == 0
