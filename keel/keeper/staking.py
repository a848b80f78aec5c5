"""Choose committed keys and stake the vault's free ether on them (OPR-1 to OPR-3).

A key is passed over when its signature would be void, or when somebody has deposited for it
before, maybe with credentials of his own. The deposit root is read first, so that whoever
deposits for a key meanwhile makes the transaction revert.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from keel.chain.contract import Contract
from keel.chain.deposit_contract import deposits_of
from keel.chain.state import block_head
from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, deposit_signing_root
from keel.consensus.keys import verify
from keel.consensus.networks import Network
from keel.keeper.key_batches import CommittedKey, committed_keys, staked_pubkeys
from keel.model.allocation import Operator, check_allocation
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.model.errors import Refused


@dataclass(frozen=True, slots=True)
class Refusal:
    """A committed key that must not be staked."""

    key: CommittedKey
    reason: str


@dataclass(frozen=True, slots=True)
class StakingChoice:
    """Keys to stake now, in order, and the deposit root that was seen before they were checked."""

    keys: tuple[CommittedKey, ...]
    refused: tuple[Refusal, ...]
    deposit_root: bytes

    @property
    def arguments(self) -> tuple[list[tuple[int, int, int, tuple[bytes, ...]]], bytes, bytes]:
        """Arguments of `IOperatorRegistry.stake`."""
        packed = b"".join(committed.key.packed for committed in self.keys)
        return [committed.values for committed in self.keys], packed, self.deposit_root


def read_operators(registry: Contract) -> list[Operator]:
    """Operators as `keel.model.allocation` knows them."""
    answers = [registry.call("operator", i) for i in range(registry.call("operatorCount"))]
    return [
        Operator(number, answer.active, answer.limit, answer.targetBps, answer.staked)
        for number, answer in enumerate(answers)
    ]


def choose_keys(
    vault: Contract,
    registry: Contract,
    deposits: Contract,
    network: Network,
    first_block: int,
    *,
    most: int | None = None,
) -> StakingChoice:
    """Choose as many keys as ether, operators' targets and `most` allow."""
    deposit_root = deposits.call("get_deposit_root")
    wanted = vault.call("stakeableWei") // VALIDATOR_DEPOSIT_WEI
    wanted = wanted if most is None else min(wanted, most)
    staked = staked_pubkeys(registry, first_block)
    seen = _deposited_pubkeys(deposits)
    credentials = vault.call("withdrawalCredentials")
    usable: list[CommittedKey] = []
    refused: list[Refusal] = []
    for committed in committed_keys(registry, first_block):
        if committed.key.pubkey in staked:
            continue
        reason = _fault(committed, credentials, network, seen)
        if reason:
            refused.append(Refusal(committed, reason))
        else:
            usable.append(committed)
    keys = take_in_turns(usable, read_operators(registry), wanted)
    return StakingChoice(keys, tuple(refused), deposit_root)


def take_in_turns(
    keys: Sequence[CommittedKey], operators: Sequence[Operator], wanted: int
) -> tuple[CommittedKey, ...]:
    """Give operators a validator each in turn, as OPR-3 allows, each its keys in their order."""
    waiting: dict[int, list[CommittedKey]] = {}
    for committed in keys:
        waiting.setdefault(committed.operator_id, []).append(committed)
    standing = {operator.operator_id: operator for operator in operators}
    total = sum(operator.staked for operator in operators)
    chosen: list[CommittedKey] = []
    taken: set[bytes] = set()
    went_on = True
    while went_on:
        went_on = False
        for number in sorted(waiting):
            while waiting[number] and waiting[number][0].key.pubkey in taken:
                waiting[number].pop(0)
            if len(chosen) == wanted or not waiting[number]:
                continue
            if not _may_get_next(standing[number], total):
                continue
            chosen.append(waiting[number].pop(0))
            taken.add(chosen[-1].key.pubkey)
            standing[number] = replace(standing[number], staked=standing[number].staked + 1)
            total += 1
            went_on = True
    return tuple(chosen)


def _may_get_next(operator: Operator, total_staked: int) -> bool:
    try:
        check_allocation(operator, total_staked)
    except Refused:
        return False
    return True


def _deposited_pubkeys(deposits: Contract) -> set[bytes]:
    events = deposits.events_between(0, block_head(deposits.rpc).number, "DepositEvent")
    return {deposit.data.pubkey for deposit in deposits_of(events)}


def _fault(
    committed: CommittedKey, credentials: bytes, network: Network, seen: set[bytes]
) -> str | None:
    key = committed.key
    if key.pubkey in seen:
        return "somebody has deposited for it before"
    root = deposit_signing_root(key.pubkey, credentials, FULL_DEPOSIT_GWEI, network)
    if not verify(key.pubkey, root, key.signature):
        return f"its signature is not of a deposit to Keel on {network.name}"
    return None
