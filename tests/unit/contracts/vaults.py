"""StakingVault brought where a test needs it, and read as the model's books.

The registry and the oracle are impersonated: their own limits are the matter of their own tests.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from ape.contracts import ContractContainer
from eth_utils.crypto import keccak

from keel.chain.clock import set_next_timestamp
from keel.chain.contract import Contract, call_many
from keel.chain.contract import deploy as deploy_raw
from keel.chain.rpc import RpcClient
from keel.chain.state import runtime_code
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.deploy.profiles import LOCAL, USUAL_COMMISSION_BPS
from keel.model import queue as queue_rules
from keel.model.accounts import Accounts
from keel.model.constants import ETHER, GWEI
from keel.model.queue import Queue
from keel.model.report import Covers, Judgement, Outcome, apply_judgement
from keel.model.stream import Stream
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, as_contract, deposit, next_reference_slot

ZERO_ADDRESS = "0x" + "0" * 40
VALIDATOR_WEI = 32 * ETHER
TOP_UP_WEI = 31 * ETHER
BOND_WEI = ETHER
FEE_BPS = LOCAL.fee_bps + USUAL_COMMISSION_BPS
"""Part of profit that the fee of `inputs_of` is: the protocol's and the operators'."""
MOST = 30
"""Validators of `stake_most`, with 960 ETH."""

type Inputs = dict[str, int]
"""IStakingVault.ReportInput by field."""


def deploy_test_contract(
    keel: Keel,
    test_contracts: Mapping[str, ContractContainer],
    name: str,
    *arguments: Any,
    value_wei: int = 0,
) -> Contract:
    """Deploy a contract of tests/contracts; it explains the custom errors of all of Keel."""
    compiled = test_contracts[name].contract_type
    code = compiled.get_deployment_bytecode()
    assert code is not None
    abi = [entry.model_dump(by_alias=True) for entry in compiled.abi]
    deployer = keel.actors.deployer.address
    contract, _ = deploy_raw(
        keel.rpc, abi, bytes(code), *arguments, sender=deployer, value_wei=value_wei
    )
    return Contract(keel.rpc, contract.address, contract.abi, errors=keel.quick.vault.errors)


def construct(keel: Keel, value_wei: int = ETHER, **changes: Any) -> Contract:
    """Create another vault from the plan's arguments with some changed."""
    step = keel.plan.step("StakingVault")
    init = {**step.arguments["init"], **changes}
    deployer = keel.actors.deployer.address
    contract, _ = deploy_raw(
        keel.rpc,
        step.artifact.abi,
        step.artifact.creation_code,
        init,
        sender=deployer,
        value_wei=value_wei,
    )
    return contract


def deposit_at(keel: Keel, timestamp: int, depositor: str, amount_wei: int) -> Receipt:
    """Buy kETH in a block of exactly this time."""
    set_next_timestamp(keel.rpc, timestamp)
    arguments = (depositor, ZERO_ADDRESS)
    return keel.quick.vault.deposit.send(*arguments, sender=depositor, value_wei=amount_wei)


def replace_modules(keel: Keel, **modules: str) -> Receipt:
    """Put other modules in, as governance may after its delay."""
    replaced = keel.quick.vault.modules()._replace(**modules)
    return keel.call_as_role(
        keel.quick.vault, "setModules", replaced, code_hashes(keel.rpc, replaced)
    )


def code_hashes(rpc: RpcClient, addresses: Iterable[str]) -> list[bytes]:
    """What a change of modules must name (MOD-1)."""
    return [keccak(runtime_code(rpc, address)) for address in addresses]


def pubkeys_of(count: int, first: int = 0) -> bytes:
    """Make keys that nobody holds, as `fundValidators` takes them."""
    return b"".join(
        sha256(b"key" + number.to_bytes(8)).digest() + bytes(16)
        for number in range(first, first + count)
    )


def stake(keel: Keel, count: int, first: int = 0) -> Receipt:
    """Send 31 ETH for each of some new keys in the registry's place; V grows by 1 ETH for each."""
    sender = as_contract(keel.quick.registry)
    return keel.quick.vault.fundValidators.send(pubkeys_of(count, first), sender=sender)


def inputs_of(keel: Keel, ref_time: int, change_wei: int = 0, **fields: int) -> Inputs:
    """A report for a reference slot, with this change of the validators' balances."""
    expected_wei = keel.quick.vault.reportBase(ref_time).expectedWei
    inputs = {
        "refTime": ref_time,
        "consensusBalanceWei": expected_wei + change_wei,
        "withdrawalsWei": 0,
        "rewardsWei": 0,
        "lastTicketHint": 0,
        "operatorsBps": USUAL_COMMISSION_BPS,
    }
    return inputs | fields


def apply(keel: Keel, inputs: Inputs, gas: int = 10_000_000) -> Receipt:
    """Apply a report in the oracle's place."""
    sender = as_contract(keel.quick.oracle)
    return keel.quick.vault.applyReport.send(inputs, sender=sender, gas=gas)


def change(keel: Keel, change_wei: int, frames: int = 1, **fields: int) -> Receipt:
    """Go to a later reference slot and report growth or, below 0, a loss.

    A loss that may be beyond the bucket is announced a frame before.
    """
    net_wei = change_wei + fields.get("withdrawalsWei", 0) + fields.get("rewardsWei", 0)
    announce_if_large(keel, -net_wei)
    return apply(keel, inputs_of(keel, next_reference_slot(keel, frames), change_wei, **fields))


def announce_if_large(keel: Keel, loss_wei: int) -> None:
    """Announce a loss that may be beyond the bucket in the next reference slot (REP-8)."""
    if loss_wei > keel.quick.vault.lossAllowanceWei():
        announce_loss(keel, loss_wei)


def insure(keel: Keel, amount_wei: int) -> int:
    """Give the insurance fund wkETH for this much ether; return the units it now holds."""
    depositor = keel.actors.underwriter.address
    fund = keel.quick.fund.address
    arguments = (fund, ZERO_ADDRESS)
    keel.quick.vault.depositWrapped.send(*arguments, sender=depositor, value_wei=amount_wei)
    return int(keel.quick.wrapped.balanceOf(fund))


def forfeit(keel: Keel, parts: int, of: int) -> int:
    """Make some of the bond's parts forfeit, in the registry's place, all being of one operator.

    Staking in the registry's place has minted the bonds to nobody's name. Returns the units.
    """
    bonds, sender = keel.quick.bonds, as_contract(keel.quick.registry)
    units = units_of(keel, bonds.address)
    bonds.add.send([0] * of, of, units // of, sender=sender)
    bonds.forfeit.send(0, parts, sender=sender)
    return int(bonds.forfeitUnits())


def note_slashing(keel: Keel, balance_wei: int, slashed_by: int) -> Receipt:
    """Tell the vault of a slashing in the registry's place."""
    sender = as_contract(keel.quick.registry)
    return keel.quick.vault.noteSlashing.send(balance_wei // GWEI, slashed_by, sender=sender)


def stake_most(keel: Keel) -> StakingVault:
    """Stake 960 of 1,000 ETH, and let a report count them."""
    deposit(keel, keel.actors.depositor.address, 969 * ETHER)
    stake(keel, MOST)
    change(keel, 0)
    return keel.quick.vault


def lay_bare(keel: Keel) -> str:
    """Stake every wei of ether that there is; return the one depositor, who has 30 ETH of 32."""
    depositor = str(keel.actors.depositor.address)
    arguments = (depositor, ZERO_ADDRESS)
    keel.quick.vault.deposit.send(*arguments, sender=depositor, value_wei=30 * ETHER)
    stake(keel, 1)
    return depositor


def lose_everything(keel: Keel) -> None:
    """Stake every wei and report that none of it is left: V is 0."""
    vault = keel.quick.vault
    deposit(keel, str(keel.actors.depositor.address), -vault.freeWei() % TOP_UP_WEI)
    stake(keel, vault.freeWei() // TOP_UP_WEI)
    change(keel, -vault.totals()[1])
    assert vault.totalSupply() == 0


def accounts_of(keel: Keel) -> Accounts:
    """The vault's books as the model has them."""
    vault = keel.quick.vault
    names = ("totals", "stream", "consensus", "lossCarryWei", "recordWei", "isInsolvent")
    totals, stream, consensus, carry, record, insolvent = call_many(
        keel.rpc, [vault.function(n).prepare() for n in names]
    )
    return Accounts(
        shares=totals.shares,
        backing_wei=totals.assetsWei,
        stream=Stream(stream.unvestedAtStartWei, stream.streamEnd, stream.streamSeconds),
        consensus_wei=consensus.balanceWei,
        pending_wei=consensus.pendingWei,
        ref_time=consensus.lastRefTime,
        loss_carry_wei=carry,
        record_wei=record,
        insolvent=insolvent,
    )


def queue_with(*requests: tuple[int, int]) -> Queue:
    """The model's queue after tickets of (amount, time of the request), before any loss."""
    queue = Queue()
    for amount_wei, requested_at in requests:
        queue = queue_rules.add_ticket(queue, amount_wei, requested_at)
    return queue


def predicted(
    keel: Keel,
    inputs: Inputs,
    now: int,
    queue: Queue | None = None,
    *,
    proven_wei: int = 0,
    winds_down: bool = False,
) -> Outcome:
    """What the model does with a report at this moment; call it before the report is applied.

    `proven_wei` is what the test had proven slashed since the last report.
    """
    accounts = accounts_of(keel)
    expected_wei = keel.quick.vault.reportBase(inputs["refTime"]).expectedWei
    consensus_wei = inputs["consensusBalanceWei"]
    if accounts.insolvent:
        consensus_wei = min(consensus_wei, expected_wei)
    gross_wei = consensus_wei + inputs["withdrawalsWei"] + inputs["rewardsWei"]
    loss_wei = max(0, expected_wei - gross_wei)
    judgement = Judgement(
        ref_time=inputs["refTime"],
        covered_seconds=inputs["refTime"] - accounts.ref_time,
        consensus_wei=consensus_wei,
        pending_wei=accounts.consensus_wei + accounts.pending_wei - expected_wei,
        settled_wei=expected_wei - accounts.consensus_wei,
        growth_wei=max(0, gross_wei - expected_wei),
        loss_wei=loss_wei,
        drawn_wei=max(0, loss_wei - accounts.unvested_wei(now)),
        beyond_limit=False,
        limit_wei=0,
        withdrawals_wei=inputs["withdrawalsWei"],
        rewards_wei=inputs["rewardsWei"],
        proven_wei=proven_wei,
        winds_down=winds_down,
        operators_bps=inputs["operatorsBps"],
    )
    parameters = keel.configuration.model
    return apply_judgement(
        parameters, accounts, queue or Queue(), covers_of(keel), judgement, now=now
    )


def covers_of(keel: Keel) -> Covers:
    """What forfeited bonds and the fund hold."""
    fund = keel.quick.vault.modules().fund
    return Covers(keel.quick.bonds.forfeitUnits(), units_of(keel, fund))


def shares_of(keel: Keel, *holders: str) -> list[int]:
    """Shares of several holders, in one request."""
    vault = keel.quick.vault
    return call_many(keel.rpc, [vault.sharesOf.prepare(holder) for holder in holders])


def units_of(keel: Keel, holder: str) -> int:
    """wkETH of a holder."""
    return int(keel.quick.wrapped.balanceOf(holder))
