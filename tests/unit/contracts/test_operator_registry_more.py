"""OperatorRegistry: more stake on a validator with 0x02 credentials (KEY-10)."""

from dataclasses import dataclass
from typing import Any

import pytest

from keel.chain.clock import jump
from keel.chain.deposit_contract import deposits_of
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, GWEI, SHARES_PER_UNIT
from keel.model.frames import Action
from keel.model.key_stage import Stage
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.validators import Validators, bring_to, leads_elsewhere
from tests.unit.contracts.vaults import accounts_of, change

PART_GWEI = 32 * ETHER // GWEI
MOST_GWEI = 2_048 * ETHER // GWEI


@dataclass
class Growing(Validators):
    """One operator with a compounding validator that is active."""

    def active(self, operator_id: int = 0) -> DepositDataEntry:
        """Stake a key with 0x02 credentials; its validator gets active."""
        (entry,) = self.new_entries(1, compounding=True)
        self.predeposit(operator_id, [entry])
        self.prove([entry])
        self.stake([entry])
        self.beacon.change(
            entry.pubkey,
            effective_balance_gwei=PART_GWEI,
            activation_eligibility_epoch=0,
            activation_epoch=1,
        )
        return entry

    def stake_more(
        self,
        entry: DepositDataEntry,
        parts: int = 1,
        value_wei: int | None = None,
        sender: str | None = None,
    ) -> Receipt:
        """Let 31 ETH of the pool join each 1 ETH of the manager's, shown as the chain is now."""
        arguments = (entry.pubkey, parts, *self.beacon.show(self.keel.rpc).key(entry.pubkey))
        return self.registry.stakeMore.send(
            *arguments,
            sender=sender or self.manager,
            value_wei=parts * ETHER if value_wei is None else value_wei,
        )

    def parts(self, entry: DepositDataEntry) -> int:
        return int(self.registry.keyOf(public_key_hash(entry.pubkey)).parts)


@pytest.fixture
def growing(keel: Keel) -> Growing:
    deposit(keel, str(keel.actors.depositor.address), 1_999 * ETHER)
    made = Growing(keel)
    made.add_operator()
    return made


def test_one_ether_of_the_operator_brings_31_of_the_pool(growing: Growing) -> None:
    """KEY-10: one deposit with Keel's credentials; the rest is as with so many new keys."""
    quick, rpc = growing.keel.quick, growing.keel.rpc
    entry = growing.active()
    change(growing.keel, 10**17 + 7)
    jump(rpc, 100)
    before, buffered_wei = accounts_of(growing.keel), quick.vault.bufferedWei()
    deposited_wei = balance_wei(rpc, quick.deposits.address)
    bond = quick.bonds.bondOf(0)
    receipt = growing.stake_more(entry, 3)
    after = accounts_of(growing.keel)
    (made,) = (d.data for d in deposits_of(quick.deposits.events(receipt)))
    assert (made.pubkey, made.amount_gwei) == (entry.pubkey, 3 * PART_GWEI)
    assert balance_wei(rpc, quick.deposits.address) - deposited_wei == 96 * ETHER
    assert buffered_wei - quick.vault.bufferedWei() == 3 * 31 * ETHER
    assert after.pending_wei - before.pending_wei == 96 * ETHER
    assert after.backing_wei - before.backing_wei == 3 * ETHER
    units = quick.bonds.bondOf(0).units - bond.units
    assert units % 3 == 0
    assert after.shares - before.shares == units * SHARES_PER_UNIT
    (event,) = growing.registry.events(receipt, "KeyStakedMore")
    assert tuple(event.inputs.values()) == (0, public_key_hash(entry.pubkey), 3)
    total, own = growing.registry.totals(), growing.registry.operator(0)
    assert (growing.parts(entry), own.staked, total.staked) == (4, 4, 4)
    assert (total.liveKeys, quick.bonds.bondOf(0).parts) == (1, 4)
    assert balance_wei(rpc, growing.registry.address) == 0


def test_all_its_parts_end_together(growing: Growing) -> None:
    """KEY-8, KEY-9, BND-2, BND-4."""
    paid, slashed = growing.active(), growing.active()
    growing.stake_more(paid, 3)
    growing.stake_more(slashed, 2)
    growing.withdraw(paid)
    growing.slash(slashed)
    bonds, total = growing.keel.quick.bonds, growing.registry.totals()
    assert bonds.leavingOf(public_key_hash(paid.pubkey)).units == 4 * ETHER
    assert (bonds.forfeitUnits(), bonds.bondOf(0)) == (3 * ETHER, (0, 0))
    assert (total.staked, total.withdrawn, total.liveKeys) == (7, 4, 1)
    assert growing.registry.operator(0).withdrawn == 4


@pytest.mark.parametrize(
    ("parts", "value_wei"), [(1, 0), (1, ETHER - 1), (1, ETHER + 1), (2, ETHER), (0, 0), (0, ETHER)]
)
def test_exactly_one_ether_comes_with_a_part(growing: Growing, parts: int, value_wei: int) -> None:
    entry = growing.active()
    with fails("PredepositValue", sentWei=value_wei, neededWei=parts * ETHER):
        growing.stake_more(entry, parts, value_wei)
    growing.stake_more(entry)


def test_only_the_manager_stakes_more(growing: Growing) -> None:
    entry = growing.active()
    for caller in (growing.anyone, str(growing.keel.holder_of("OPERATORS").address)):
        with fails("OnlyManager", operatorId=0, caller=caller):
            growing.stake_more(entry, sender=caller)
    growing.stake_more(entry)


@pytest.mark.parametrize("stage", [s for s in Stage if s not in (Stage.NONE, Stage.STAKED)])
def test_only_a_staked_key_gets_more(growing: Growing, stage: Stage) -> None:
    (entry,) = growing.new_entries(1)
    bring_to(growing, 0, entry, stage)
    root = public_key_hash(entry.pubkey)
    with fails("WrongStage", pubkeyRoot=root, stage=stage, expected=Stage.STAKED):
        growing.stake_more(entry)


@pytest.mark.parametrize("fields", [{"slashed": True}, {"exit_epoch": 99}])
def test_a_validator_that_leaves_gets_no_more(growing: Growing, fields: dict[str, Any]) -> None:
    """Its operator shows what is so; and nothing else can be shown."""
    entry = growing.active()
    growing.beacon.change(entry.pubkey, **fields)
    place = growing.beacon.places[entry.pubkey]
    leaving = {"slashed": False, "exit_epoch": 2**64 - 1} | fields
    with fails(
        "ValidatorLeaving",
        validatorIndex=place,
        slashed=leaving["slashed"],
        exitEpoch=leaving["exit_epoch"],
    ):
        growing.stake_more(entry)
    block, index, validator, branch = growing.beacon.show(growing.keel.rpc).key(entry.pubkey)
    stays = (*validator[:3], False, *validator[4:6], 2**64 - 1, validator[7])
    with leads_elsewhere(growing.root()):
        growing.registry.stakeMore.send(
            entry.pubkey, 1, block, index, stays, branch, sender=growing.manager, value_wei=ETHER
        )


def test_a_validator_of_32_ether_at_most_gets_no_more(growing: Growing) -> None:
    """KEY-10, EIP-7251: what is more than 32 ETH would come out again."""
    (entry,) = growing.proven(0, 1)
    growing.stake([entry])
    place, credentials = growing.beacon.places[entry.pubkey], growing.credentials
    refusal = {"validatorIndex": place, "withdrawalCredentials": credentials}
    with fails("NotCompounding", **refusal):
        growing.stake_more(entry)
    growing.beacon.change(entry.pubkey, withdrawal_credentials=b"\x02" + credentials[1:])
    growing.stake_more(entry)  # a consolidation into itself made it so


def test_the_proof_is_of_the_named_key(growing: Growing) -> None:
    entry, other = growing.active(), growing.active()
    shown = growing.beacon.show(growing.keel.rpc).key(other.pubkey)
    root = public_key_hash(other.pubkey)
    with fails("NotKeyOf", operatorId=0, pubkeyRoot=root):
        growing.registry.stakeMore.send(
            entry.pubkey, 1, *shown, sender=growing.manager, value_wei=ETHER
        )
    growing.stake_more(other)


def test_a_validator_holds_2048_ether_at_most(growing: Growing) -> None:
    """What it has by the proof, or what was staked on it, whichever is more."""
    entry = growing.active()
    place = growing.beacon.places[entry.pubkey]
    full = {"validatorIndex": place, "mostGwei": MOST_GWEI}
    for effective_gwei in (MOST_GWEI - PART_GWEI + GWEI, MOST_GWEI):
        growing.beacon.change(entry.pubkey, effective_balance_gwei=effective_gwei)
        with fails("NoRoomForMore", balanceGwei=effective_gwei + PART_GWEI, **full):
            growing.stake_more(entry)
    growing.beacon.change(entry.pubkey, effective_balance_gwei=MOST_GWEI - 2 * PART_GWEI)
    with fails("NoRoomForMore", balanceGwei=MOST_GWEI + PART_GWEI, **full):
        growing.stake_more(entry, 3)
    growing.stake_more(entry, 2)


def test_a_proof_is_not_shown_again_for_the_same_room(growing: Growing) -> None:
    """KEY-10: the chain takes days to add deposits, and an old block proves for days."""
    entry = growing.active()
    place = growing.beacon.places[entry.pubkey]
    for more in (30, 32):  # LIM-3: 32 parts in a frame
        growing.stake_more(entry, more)
        jump(growing.keel.rpc, growing.keel.profile.frame_seconds)
        report(growing.keel)
    assert growing.parts(entry) == 63
    beyond = {"balanceGwei": 65 * PART_GWEI, "mostGwei": MOST_GWEI}
    with fails("NoRoomForMore", validatorIndex=place, **beyond):
        growing.stake_more(entry, 2)
    growing.stake_more(entry)
    assert growing.parts(entry) == 64


@pytest.mark.parametrize("terms", [(3, 10_000, True), (9, 10_000, False)])
def test_parts_count_as_validators_for_limits(
    growing: Growing, terms: tuple[int, int, bool]
) -> None:
    """OPR-3."""
    entry = growing.active()
    keel, registry = growing.keel, growing.registry
    keel.call_as_role(registry, "setOperator", 0, *terms)
    report(keel)
    with fails("MayNotStake", operatorId=0):
        growing.stake_more(entry, 3)
    keel.call_as_role(registry, "setOperator", 0, 4, 10_000, True)
    report(keel)
    growing.stake_more(entry, 3)
    with fails("MayNotStake", operatorId=0):
        growing.stake_more(entry)


def test_parts_count_as_validators_for_targets(growing: Growing) -> None:
    """OPR-3: a half of seven validators is three, and one more."""
    half = growing.add_operator(target_bps=5_000)
    entry, others = growing.active(half), growing.proven(0, 2)
    growing.stake(others)
    with fails("MayNotStake", operatorId=half):
        growing.stake_more(entry, 4)
    growing.stake_more(entry, 3)
    with fails("MayNotStake", operatorId=half):
        growing.stake_more(entry)
    assert growing.registry.operator(half).staked == 4


def test_a_frozen_operator_gets_no_more(growing: Growing) -> None:
    """KEY-4."""
    entry, (stolen,) = growing.active(), growing.new_entries(1)
    bring_to(growing, 0, stolen, Stage.FOREIGN)
    with fails("MayNotStake", operatorId=0):
        growing.stake_more(entry)


def test_what_closes_staking_closes_it_too(growing: Growing) -> None:
    """STA-3, STA-4, LIM-3: and the manager's ether stays with it."""
    entry, keel = growing.active(), growing.keel
    before_wei = balance_wei(keel.rpc, growing.manager)
    growing.slash(growing.active())
    with fails("ActionClosed", action=Action.STAKING, state=keel.quick.vault.state()):
        growing.stake_more(entry)
    jump(keel.rpc, keel.profile.frame_seconds)
    report(keel)
    guardian = str(keel.actors.guardian.address)
    receipt = keel.quick.vault.pause.send(Action.STAKING, 60, sender=guardian)
    with fails("ActionPaused", action=Action.STAKING, until=receipt.timestamp + 60):
        growing.stake_more(entry)
    jump(keel.rpc, 60)
    growing.stake_more(entry)
    assert before_wei - balance_wei(keel.rpc, growing.manager) < 3 * ETHER
