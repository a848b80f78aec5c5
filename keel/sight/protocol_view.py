"""What Keel's contracts say at the execution block of a reference slot's state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from keel.chain.contract import call_many
from keel.chain.revert import Reverted
from keel.chain.rpc import LOG_BLOCKS
from keel.chain.state import balance_wei, block_head
from keel.deploy.bindings import Bindings
from keel.model.commission import CommissionSpan
from keel.nodes.errors import NodeError
from keel.sight.operator_numbers import operator_numbers
from keel.sight.rebases import reported
from keel.sight.recorded_keys import Recorded

UNKNOWN_ROOT = b"\xff" * 32
"""Stands for the root of a report that no oracle owns up to; no leaves hash to it."""


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolView:
    """The contracts at one block; amounts of the two vaults are W and R of the report.

    `minted_shares` is all that reports ever minted for operators: what the registry holds and what
    was claimed (OPR-5). `claimed_shares` and `operator_names` have an entry for every operator.
    `commissions` are those of the seconds since the last report's reference slot (COM-2).
    """

    recorded: Recorded
    credentials: bytes
    withdrawal_vault_balance_wei: int
    rewards_vault_balance_wei: int
    operators_root: bytes
    claimed_shares: Mapping[int, int]
    minted_shares: int
    operator_names: Mapping[int, str]
    commissions: CommissionSpan


@dataclass(frozen=True, slots=True)
class LastReport:
    """What a report goes on from: the leaves and the reference time of the one before.

    `ref_time` is Unix seconds; before the first report it is that of the deployment.
    """

    operators_root: bytes
    ref_time: int


def read_protocol(
    bindings: Bindings,
    recorded: Recorded,
    block_number: int,
    operators_root: bytes,
    commissions: CommissionSpan,
) -> ProtocolView:
    """Read all at a block, up to which these keys were recorded; raises what the client raises.

    `operators_root` is that of the leaves to go on from, see `report_to_go_on_from`.
    """
    registry, vault = bindings.registry, bindings.vault
    count, credentials, held = call_many(
        bindings.rpc,
        [
            registry.operatorCount.prepare(),
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
        operators_root=operators_root,
        claimed_shares=claimed,
        minted_shares=held + sum(claimed.values()),
        operator_names={number: one.name for number, one in enumerate(answers[count:])},
        commissions=commissions,
    )


def report_to_go_on_from(
    bindings: Bindings,
    oracles: Sequence[str],
    slot_of: Callable[[int], int],
    ref_slot: int,
    block_number: int,
) -> LastReport:
    """Return the last report of an earlier slot (OPR-5).

    `oracles` are those that the vault had up to the slot's own block, `slot_of` tells the slot of a
    time. A report may have come later than that block, but none does any more once this slot can be
    reported (REP-1). So everybody who asks from then on gets the same answer, also when this slot
    was reported meanwhile. Raises NodeError when the node lacks logs.
    """
    vault = bindings.vault
    last_block = min(block_head(bindings.rpc).number, block_number + LOG_BLOCKS)
    if last_block > block_number:
        made = reported(vault.events_between(block_number + 1, last_block))
        earlier = [each for each in made if slot_of(each.inputs["refTime"]) < ref_slot]
        if earlier:
            first, block_number = block_number + 1, earlier[-1].log.block_number
            changes = vault.events_between(first, block_number, "ModulesSet")
            oracles = (*oracles, *(each.inputs["modules"].oracle for each in changes))
    present = vault.modules(block=block_number).oracle
    if present not in oracles[-1:]:
        raise NodeError(
            bindings.rpc.name,
            f"the logs up to block {block_number} do not show that the oracle became {present}",
        )
    ref_time = vault.consensus(block=block_number).lastRefTime
    root = _root_of_report(bindings, oracles, slot_of(ref_time), block_number)
    return LastReport(root, ref_time)


def _root_of_report(
    bindings: Bindings, oracles: Sequence[str], last_slot: int, block_number: int
) -> bytes:
    """Find which oracle made the vault's last report; one that was set since has made none yet."""
    is_known = True
    for address in reversed(oracles):
        try:
            made = bindings.oracle.at(address).lastReport(block=block_number)
        except (Reverted, DecodingError):
            is_known = False  # whatever it was, it is no oracle that this program knows
            continue
        if made.refSlot == last_slot:
            return made.root
        is_known = is_known and made.refSlot == 0
    return bytes(32) if is_known else UNKNOWN_ROOT
