"""Choose committed keys and stake the vault's free ether on them (OPR-1 to OPR-3).

A key is passed over when its signature would be void, when the root committed for it is not that of
its deposit, which would make the whole transaction revert, or when somebody has deposited for it
before, maybe with credentials of his own. An operator that committed many such keys is passed over
too, so that looking at its keys never keeps the keeper from its other chores. The deposit root is
read first, so that whoever deposits for a key meanwhile makes the transaction revert.

Where a beacon state is at hand, the log of all deposits ever made need not be read. A deposit in
an execution block is, since EIP-6110, among the pending deposits of the beacon state after that
block, and later among its validators, for good; or it is dropped because its signature is void,
and then it has made no validator and never will. So the state of a block knows every deposit up
to that block that can harm, the log knows those since, and the deposit root, taken where the
reading of the log ends, rules out any other: with a deposit more, `stake` reverts.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from keel.chain.contract import call_many
from keel.chain.deposit_contract import DepositContract, DepositData, deposit_data_root, deposits_of
from keel.chain.rpc import LOG_BLOCKS
from keel.chain.state import block_head
from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, deposit_signing_root
from keel.consensus.keys import verify
from keel.consensus.networks import Network
from keel.deploy.contracts import OperatorRegistry, StakingVault
from keel.errors import KeelError
from keel.model.allocation import Operator, check_allocation
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.model.errors import Refused
from keel.sight.history import Historian
from keel.sight.key_batches import CommittedKey, Key
from keel.sight.operator_numbers import operator_numbers

DEPOSITED_BEFORE = "somebody has deposited for it before"

type Deposited = Callable[[frozenset[bytes], bytes], frozenset[bytes]]
"""Which of some keys anybody has deposited for, Keel's withdrawal credentials being given."""

MOST_LOG_BLOCKS = 20 * LOG_BLOCKS
"""On a longer chain a beacon state tells who has deposited."""

_KEPT_SIGNATURES = 4_096
_MOST_VOID_KEYS = 16
"""Void keys of one operator after which the rest of its keys are not looked at."""


class LongLogError(KeelError):
    """The log of all deposits is too long to be read."""

    def __init__(self, last_block: int) -> None:
        super().__init__(
            f"the deposit contract's log may span {last_block:,} blocks, at most "
            f"{MOST_LOG_BLOCKS:,} are read: a beacon node (--beacon) tells who has deposited"
        )


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


def read_operators(registry: OperatorRegistry) -> list[Operator]:
    """Operators as `keel.model.allocation` knows them."""
    numbers = operator_numbers(registry, registry.operatorCount())
    answers = call_many(registry.rpc, [registry.operator.prepare(number) for number in numbers])
    return [
        Operator(number, answer.active, answer.limit, answer.targetBps, answer.staked)
        for number, answer in enumerate(answers)
    ]


def choose_keys(
    vault: StakingVault,
    registry: OperatorRegistry,
    deposits: DepositContract,
    network: Network,
    historian: Historian,
    *,
    deposited: Deposited,
    most: int | None = None,
) -> StakingChoice:
    """Choose as many keys as ether, operators' targets and `most` allow.

    `deposited` is asked only for keys that could be staked. Raises what it raises.
    """
    deposit_root = deposits.get_deposit_root()
    wanted = vault.stakeableWei() // VALIDATOR_DEPOSIT_WEI
    wanted = wanted if most is None else min(wanted, most)
    if wanted == 0:
        return StakingChoice((), (), deposit_root)
    waiting = historian.waiting_keys(historian.up_to(block_head(registry.rpc)))
    credentials = vault.withdrawalCredentials()
    asked = frozenset(committed.key.pubkey for committed in waiting)
    faults = dict.fromkeys(deposited(asked, credentials) if asked else (), DEPOSITED_BEFORE)
    operators = read_operators(registry)
    keys, refused = choose(
        waiting, faults, operators, wanted=wanted, credentials=credentials, network=network
    )
    return StakingChoice(keys, refused, deposit_root)


def choose(
    waiting: Sequence[CommittedKey],
    faults: Mapping[bytes, str],
    operators: Sequence[Operator],
    *,
    wanted: int,
    credentials: bytes,
    network: Network,
) -> tuple[tuple[CommittedKey, ...], tuple[Refusal, ...]]:
    """Return keys to stake and keys refused; of signatures only those in question are checked."""
    refused = [Refusal(c, faults[c.key.pubkey]) for c in waiting if c.key.pubkey in faults]
    left = [committed for committed in waiting if committed.key.pubkey not in faults]
    void_keys: Counter[int] = Counter()
    while True:
        keys = take_in_turns(left, operators, wanted)
        void = _void(keys, credentials, network)
        if not void:
            return keys, tuple(refused)
        refused += void
        void_keys.update(refusal.key.operator_id for refusal in void)
        gone = {(refusal.key.operator_id, refusal.key.batch, refusal.key.index) for refusal in void}
        left = [
            committed
            for committed in left
            if (committed.operator_id, committed.batch, committed.index) not in gone
            and void_keys[committed.operator_id] < _MOST_VOID_KEYS
        ]


def _void(
    keys: Sequence[CommittedKey], credentials: bytes, network: Network
) -> tuple[Refusal, ...]:
    """Keys whose deposit the deposit contract or the beacon chain would refuse, and why."""
    refused = []
    for committed in keys:
        key = committed.key
        if not is_signed(key, credentials, network.genesis_fork_version):
            reason = f"its signature is not of a deposit to Keel on {network.name}"
            refused.append(Refusal(committed, reason))
        elif key.deposit_data_root != _deposit_data_root(key, credentials):
            refused.append(Refusal(committed, "its root is not that of a deposit to Keel"))
    return tuple(refused)


@lru_cache(maxsize=_KEPT_SIGNATURES)
def _deposit_data_root(key: Key, credentials: bytes) -> bytes:
    return deposit_data_root(DepositData(key.pubkey, credentials, FULL_DEPOSIT_GWEI, key.signature))


@lru_cache(maxsize=_KEPT_SIGNATURES)
def is_signed(key: Key, credentials: bytes, genesis_fork_version: bytes) -> bool:
    """Whether a key's signature is that of a deposit of 32 ETH to these credentials."""
    network = Network("", genesis_fork_version, "")
    root = deposit_signing_root(key.pubkey, credentials, FULL_DEPOSIT_GWEI, network)
    return verify(key.pubkey, root, key.signature)


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


def deposited_since(
    deposits: DepositContract, pubkeys: frozenset[bytes], first_block: int, last_block: int
) -> frozenset[bytes]:
    """Those of the keys that the deposit contract's log names in a range of blocks."""
    events = deposits.events_between(first_block, last_block, "DepositEvent")
    return pubkeys & {deposit.data.pubkey for deposit in deposits_of(events)}


def deposited_ever(deposits: DepositContract) -> Deposited:
    """All of the log, where there is no beacon node; raises LongLogError on a long chain."""

    def asked(pubkeys: frozenset[bytes], _credentials: bytes) -> frozenset[bytes]:
        last_block = block_head(deposits.rpc).number
        if last_block > MOST_LOG_BLOCKS:
            raise LongLogError(last_block)
        return deposited_since(deposits, pubkeys, 0, last_block)

    return asked
