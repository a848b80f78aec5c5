"""More stake by command: 32 ETH more, once or many times, where a validator compounds (KEY-10)."""

from dataclasses import dataclass

from ape.api.accounts import AccountAPI

from keel.chain.state import block_head
from keel.consensus.deposit_data import is_compounding
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_ether
from keel.model.constants import PREDEPOSIT_WEI, TOP_UP_WEI
from keel.model.key_stage import Stage
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.key_lives import KeyLife
from keel.sight.provable_state import read_provable_state
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault
from keel.terminal.operator_actions import historian_of, operator_managed


@dataclass(frozen=True, slots=True)
class MoreStake:
    """How `stake-more` was asked; `operator_id` None: the only one that the account manages."""

    pubkey: bytes
    parts: int
    operator_id: int | None


def stake_more(
    connection: Connection, account: AccountAPI, wish: MoreStake, beacon_urls: list[str]
) -> None:
    """Prove that the validator stays, and have the pool's ether follow the operator's."""
    c = connection.contracts
    life = _staked(connection, account, wish)
    free = c.vault.stakeableValidators()
    if wish.parts > free:
        raise Fault(
            f"{wish.parts} times {shown_ether(TOP_UP_WEI)} ETH of the pool are asked for, "
            f"{free} times are free now (`keel status`)"
        )
    with AgreedBeacon(beacon_urls) as beacon:
        state = read_provable_state(beacon, connection.rpc)
    proof = state.prover.validator(life.validator_index or 0)
    if not is_compounding(proof.validator[1]):
        raise Mistake(
            f"key 0x{wish.pubkey.hex()} has 0x01 withdrawal credentials, 0x02 expected: only "
            "validators that compound hold more than 32 ETH"
        )
    block, own_wei = state.prover.block(state.timestamp), wish.parts * PREDEPOSIT_WEI
    before(
        f"{shown_ether(own_wei)} ETH of {account.address} and "
        f"{shown_ether(wish.parts * TOP_UP_WEI)} ETH of the pool will join validator "
        f"{life.validator_index}."
    )
    arguments = (wish.pubkey, wish.parts, block, *proof)
    receipt = send(account, c.registry, "stakeMore", *arguments, value_wei=own_wei)
    (staked,) = c.vault.events(receipt, "Staked")
    amount, bond = (shown_ether(staked.inputs[name]) for name in ("amountWei", "bondWei"))
    after(f"{amount} ETH more are staked; {bond} ETH went into the operator's bond.", receipt)


def _staked(connection: Connection, account: AccountAPI, wish: MoreStake) -> KeyLife:
    """The key's life; raises Mistake unless it is a staked one of the account's operator."""
    operator_id = operator_managed(connection, str(account.address), wish.operator_id)
    history = historian_of(connection).up_to(block_head(connection.rpc))
    life = history.key_lives().get(wish.pubkey)
    if life is None or life.operator_id != operator_id or life.stage is not Stage.STAKED:
        found = "unknown" if life is None else str(life)
        raise Mistake(
            f"key 0x{wish.pubkey.hex()} is {found}, staked for operator {operator_id} expected"
        )
    return life
