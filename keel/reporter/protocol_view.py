"""What Keel's contracts say at the execution block of a reference slot's state."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from keel.chain.abi import Abi, Log
from keel.chain.contract import call_many
from keel.chain.state import balance_wei, block_head
from keel.chain.transaction import logs_between
from keel.deploy.bindings import Bindings
from keel.reporter.view import Recorded, recorded_keys

LOG_BLOCKS = 10_000
"""Blocks whose logs are asked for at a time: what public nodes commonly grant."""


class MissingKeysError(Exception):
    """A node's logs do not hold as many keys as the registry says were staked."""

    def __init__(self, found: int, staked: int, block_number: int) -> None:
        super().__init__(
            f"the logs up to block {block_number} show {found} staked keys, "
            f"the registry says {staked}"
        )
        self.found = found
        self.staked = staked


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolView:
    """The contracts at one block; amounts of the two vaults are W and R of the report.

    `minted_shares` is all that reports ever minted for operators: what the registry holds and what
    was claimed (OPR-5). `claimed_shares` and `operator_names` have an entry for every operator.
    """

    recorded: Recorded
    credentials: bytes
    withdrawal_vault_balance_wei: int
    rewards_vault_balance_wei: int
    operators_root: bytes
    claimed_shares: Mapping[int, int]
    minted_shares: int
    operator_names: Mapping[int, str]


def read_protocol(
    bindings: Bindings, first_block: int, block_number: int, known: Recorded | None = None
) -> ProtocolView:
    """Read all at one block; keys that are `known` already are not asked for again.

    Raises MissingKeysError, and what the client raises.
    """
    registry, vault = bindings.registry, bindings.vault
    count, staked, root, credentials, held = call_many(
        bindings.rpc,
        [
            registry.prepare("operatorCount"),
            registry.prepare("totalStaked"),
            bindings.oracle.prepare("operatorsRoot"),
            vault.prepare("withdrawalCredentials"),
            vault.prepare("sharesOf", registry.address),
        ],
        block_number,
    )
    calls = [
        registry.prepare(function, number)
        for function in ("claimedShares", "operator")
        for number in range(count)
    ]
    answers = call_many(bindings.rpc, calls, block_number) if calls else []
    claimed = dict(enumerate(answers[:count]))
    recorded = read_recorded(bindings, first_block, block_number, known)
    if len(recorded) != staked:
        raise MissingKeysError(len(recorded), staked, block_number)
    withdrawal_wei, rewards_wei = (
        balance_wei(bindings.rpc, contract.address, block_number)
        for contract in (bindings.withdrawal_vault, bindings.rewards_vault)
    )
    return ProtocolView(
        recorded=recorded,
        credentials=credentials,
        withdrawal_vault_balance_wei=withdrawal_wei,
        rewards_vault_balance_wei=rewards_wei,
        operators_root=root,
        claimed_shares=claimed,
        minted_shares=held + sum(claimed.values()),
        operator_names={number: one.name for number, one in enumerate(answers[count:])},
    )


def read_recorded(
    bindings: Bindings, first_block: int, last_block: int, known: Recorded | None = None
) -> Recorded:
    """Keys that were staked up to a block, a range of blocks at a time.

    `known` ones are of an earlier block that is final; those of a later block are of no use here.
    """
    if known is None or known.block_number > last_block:
        return recorded_keys(_staked(bindings, first_block, last_block), last_block)
    added = recorded_keys(_staked(bindings, known.block_number + 1, last_block), last_block)
    return Recorded(
        np.concatenate([known.pubkeys, added.pubkeys]),
        np.concatenate([known.operator_ids, added.operator_ids]),
        last_block,
    )


def root_to_go_on_from(bindings: Bindings, ref_slot: int, block_number: int, root: bytes) -> bytes:
    """Return the `operatorsRoot` of the last report of an earlier slot (OPR-5).

    `root` is the one at the slot's own block; a report may have come later than that, but none does
    any more once this slot can be reported (REP-1). So everybody who asks from then on gets the
    same answer, also when this slot was reported meanwhile.
    """
    oracle = bindings.oracle
    last_block = min(block_head(bindings.rpc).number, block_number + LOG_BLOCKS)
    if last_block == block_number:
        return root
    topic = _topic(oracle.abi, "ReportApplied")
    logs = logs_between(oracle.rpc, oracle.address, block_number + 1, last_block, topic)
    applied = [oracle.abi.events[topic].decode(log).inputs for log in logs]
    earlier = [each["report"].operatorsRoot for each in applied if each["refSlot"] < ref_slot]
    return earlier[-1] if earlier else root


def _staked(bindings: Bindings, first_block: int, last_block: int) -> Iterator[tuple[bytes, int]]:
    registry = bindings.registry
    topic = _topic(registry.abi, "KeyStaked")
    for first in range(first_block, last_block + 1, LOG_BLOCKS):
        last = min(first + LOG_BLOCKS - 1, last_block)
        for log in logs_between(registry.rpc, registry.address, first, last, topic):
            yield _key(registry.abi, log)


def _key(abi: Abi, log: Log) -> tuple[bytes, int]:
    event = abi.events[log.topics[0]].decode(log)
    return event.inputs["pubkey"], event.inputs["operatorId"]


def _topic(abi: Abi, name: str) -> bytes:
    return next(topic for topic, event in abi.events.items() if event.signature.name == name)
