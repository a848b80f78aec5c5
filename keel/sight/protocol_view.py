"""What Keel's contracts say at the execution block of a reference slot's state."""

from collections.abc import Mapping
from dataclasses import dataclass

from keel.chain.contract import call_many
from keel.chain.rpc import LOG_BLOCKS
from keel.chain.state import balance_wei, block_head
from keel.deploy.bindings import Bindings
from keel.sight.operator_numbers import operator_numbers
from keel.sight.recorded_keys import Recorded


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


def read_protocol(bindings: Bindings, recorded: Recorded, block_number: int) -> ProtocolView:
    """Read all at a block, up to which these keys were recorded; raises what the client raises."""
    registry, vault = bindings.registry, bindings.vault
    count, root, credentials, held = call_many(
        bindings.rpc,
        [
            registry.operatorCount.prepare(),
            bindings.oracle.operatorsRoot.prepare(),
            vault.withdrawalCredentials.prepare(),
            vault.sharesOf.prepare(registry.address),
        ],
        block_number,
    )
    calls = [
        registry.function(function).prepare(number)
        for function in ("claimedShares", "operator")
        for number in operator_numbers(registry, count)
    ]
    answers = call_many(bindings.rpc, calls, block_number) if calls else []
    claimed = dict(enumerate(answers[:count]))
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
    applied = oracle.events_between(block_number + 1, last_block, "ReportApplied")
    earlier = [event.inputs for event in applied if event.inputs["refSlot"] < ref_slot]
    return bytes(earlier[-1]["report"].operatorsRoot) if earlier else root
