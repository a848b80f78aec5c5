"""A slashing that everybody sees before a report counts it; names begin with the audit's row.

Each test first shows what is taken while nobody has proven the slashing, then that the proof stops
it. Where no state of the beacon chain is shown, the test notes a slashing in the registry's place.
"""

from contextlib import AbstractContextManager

import pytest

from keel.chain.clock import jump, jump_to, now, reverting
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, SHARES_PER_UNIT, SHARES_PER_WEI
from keel.model.frames import Action, State
from keel.model.key_stage import Stage
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import STAKED_WEI, slashing, stake_32
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot, report
from tests.unit.contracts.underwriting import buy, wrap
from tests.unit.contracts.validators import Validators
from tests.unit.contracts.vaults import VALIDATOR_WEI, change, inputs_of, stake, units_of

SHOWN_SLOT = 1_000  # that of tests/beacon_record.py


def redeem(keel: Keel, holder: str, amount_wei: int) -> int:
    """Leave at once with shares worth so much at par; return what was paid."""
    before_wei = balance_wei(keel.rpc, holder)
    keel.quick.instant.redeem.send(amount_wei * SHARES_PER_WEI, holder, 0, sender=holder)
    return balance_wei(keel.rpc, holder) - before_wei


class Slashed:
    """20,033 ETH, of them 4,000 the attacker's; one of 32 validators is really slashed."""

    def __init__(self, keel: Keel, attacker: str, victim: str, more_wei: int = 0) -> None:
        self.keel, self.attacker = keel, attacker
        deposit(keel, victim, 16_000 * ETHER + more_wei)
        deposit(keel, attacker, 4_000 * ETHER)
        self.validators = Validators(keel)
        self.operator_id = self.validators.add_operator()
        (self.entry,) = self.validators.proven(self.operator_id, 1)
        self.validators.stake([self.entry])
        stake(keel, 31)
        frame_slots = keel.profile.frame_slots
        first = keel.configuration.geometry.time_of(SHOWN_SLOT // frame_slots * frame_slots - 1)
        jump_to(keel.rpc, first)
        report_for(keel, first)
        jump_to(keel.rpc, keel.configuration.geometry.time_of(SHOWN_SLOT + 1))

    def slash(self) -> None:
        """In the epoch of the state that is shown."""
        profile = self.keel.profile
        epoch = SHOWN_SLOT // profile.slots_per_epoch
        self.validators.beacon.change(
            self.entry.pubkey,
            effective_balance_gwei=32 * 10**9,
            activation_epoch=1,
            exit_epoch=epoch + 5,
            withdrawable_epoch=epoch + profile.slashings_epochs,
            slashed=True,
        )

    def prove(self) -> Receipt:
        """Show it, as anyone can."""
        arguments = self.validators.beacon.show(self.keel.rpc).key(self.entry.pubkey)
        return self.validators.registry.proveSlashed.send(*arguments, sender=self.validators.anyone)


def report_for(keel: Keel, ref_time: int) -> None:
    """Report that nothing changed by this reference slot."""
    inputs = inputs_of(keel, ref_time)
    keel.quick.vault.applyReport.send(inputs, sender=as_contract(keel.quick.oracle))


def test_h3_a_public_loss_is_escaped(keel: Keel, attacker: str, victim: str) -> None:
    """20,001 ETH, 4,000 of them left at once for 5.12 ETH of fee: the rest lost 400 more."""
    slashed, vault = Slashed(keel, attacker, victim), keel.quick.vault
    slashed.slash()
    lost_wei = STAKED_WEI // 2
    with reverting(keel.rpc):
        left_with_wei = redeem(keel, attacker, 4_000 * ETHER)
        change(keel, -lost_wei)
        others_wei = vault.balanceOf(victim)
    with reverting(keel.rpc):
        change(keel, -lost_wei)
        fair_wei, fair_others_wei = vault.balanceOf(attacker), vault.balanceOf(victim)
    assert left_with_wei - fair_wei > 95 * ETHER
    assert fair_others_wei - others_wei > 90 * ETHER

    slashed.prove()
    assert vault.state() == State.SLASHED
    assert keel.quick.instant.redeemableWei() == 0
    with fails("StateNotNormal", state=State.SLASHED):
        redeem(keel, attacker, 4_000 * ETHER)
    keel.quick.queue.requestMany.send([1_000 * ETHER] * 4, attacker, sender=attacker)
    (loss,) = vault.events(change(keel, -lost_wei), "LossAbsorbed")
    assert loss.inputs["bondWei"] == ETHER
    tickets_wei = sum(ticket.worthWei for ticket in keel.quick.queue.tickets([1, 2, 3, 4]))
    assert 0 <= tickets_wei - fair_wei <= ETHER  # of the bond, which covered 1 ETH for all
    assert vault.balanceOf(victim) >= fair_others_wei
    assert vault.state() == State.NORMAL
    redeem(keel, victim, ETHER)


@pytest.mark.parametrize(
    ("more_wei", "is_closed"), [(11_900 * ETHER, True), (12_100 * ETHER, False)]
)
def test_h3_too_little_is_slashed_to_leave_for(
    keel: Keel, attacker: str, victim: str, more_wei: int, is_closed: bool
) -> None:
    """At most 0.1 % is lost then, and the least fee of leaving at once is 0.1 % (INS-1)."""
    slashed = Slashed(keel, attacker, victim, more_wei)
    slashed.slash()
    slashed.prove()
    assert (keel.quick.vault.state() == State.SLASHED) is is_closed
    if is_closed:
        return
    before_wei = keel.quick.vault.balanceOf(attacker)
    with reverting(keel.rpc):
        paid_wei = redeem(keel, attacker, before_wei)
    change(keel, -VALIDATOR_WEI)  # all that it can lose
    assert paid_wei <= keel.quick.vault.balanceOf(attacker)


def test_h3_nobody_closes_a_door_without_a_slashing(keel: Keel, attacker: str, victim: str) -> None:
    """Neither by a validator that leaves, nor by others' slashed ones, nor a second time."""
    slashed, vault = Slashed(keel, attacker, victim), keel.quick.vault
    validators, pubkey = slashed.validators, slashed.entry.pubkey
    index = validators.beacon.places[pubkey]
    leaving = {"effective_balance_gwei": 32 * 10**9, "exit_epoch": 130, "withdrawable_epoch": 189}
    validators.beacon.change(pubkey, **leaving)
    with fails("NotSlashed", index=index):
        slashed.prove()
    theirs = validators.new_entries(1)[0]
    validators.beacon.add(BeaconValidator(theirs.pubkey, validators.credentials, slashed=True))
    with wrong_stage(theirs, Stage.NONE):
        validators.registry.proveSlashed.send(
            *validators.beacon.show(keel.rpc).key(theirs.pubkey), sender=attacker
        )
    assert vault.state() == State.NORMAL
    redeem(keel, attacker, ETHER)

    slashed.slash()
    slashed.prove()
    assert vault.state() == State.SLASHED
    change(keel, 0)
    assert vault.state() == State.NORMAL
    with wrong_stage(slashed.entry, Stage.SLASHED):
        slashed.prove()
    redeem(keel, attacker, ETHER)


def wrong_stage(entry: DepositDataEntry, stage: Stage) -> AbstractContextManager[None]:
    """Expect that a key is not staked."""
    root = public_key_hash(entry.pubkey)
    return fails("WrongStage", pubkeyRoot=root, stage=stage, expected=Stage.STAKED)


def test_h3_a_slashing_closes_until_its_own_frame_is_reported(
    keel: Keel, attacker: str, victim: str
) -> None:
    """A report of an earlier slot does not count it; one that does has counted it for good."""
    vault, frame_seconds = keel.quick.vault, keel.profile.frame_seconds
    deposit(keel, victim, 2_000 * ETHER)
    deposit(keel, attacker, 500 * ETHER)
    stake_32(keel)
    earlier = next_reference_slot(keel)
    jump(keel.rpc, 60)
    slashing(keel)
    report_for(keel, earlier)
    assert vault.state() == State.SLASHED
    with fails("StateNotNormal", state=State.SLASHED):
        redeem(keel, attacker, ETHER)
    change(keel, 0)
    assert vault.state() == State.NORMAL
    slashing(keel, slashed_at=vault.consensus().lastRefTime)
    assert vault.state() == State.NORMAL
    slashing(keel)
    slashed_at = now(keel.rpc)
    change(keel, 0)
    assert vault.state() == State.NORMAL
    assert now(keel.rpc) - slashed_at <= frame_seconds + 60


def test_m7_a_newcomer_pays_for_what_was_lost_before(
    keel: Keel, attacker: str, victim: str
) -> None:
    """1,000 ETH after the slashed reference slot read 950."""
    vault = keel.quick.vault
    deposit(keel, attacker, 1_100 * ETHER)
    stake_32(keel)
    slashing_time = next_reference_slot(keel)
    lost_wei = STAKED_WEI // 10
    with reverting(keel.rpc):
        deposit(keel, victim, 1_000 * ETHER)
        announced_in_time(keel, lost_wei)
        assert vault.balanceOf(victim) < 960 * ETHER
    slashing(keel, slashed_at=slashing_time)
    with fails("ActionClosed", action=Action.DEPOSIT, state=State.SLASHED):
        deposit(keel, victim, 1_000 * ETHER)
    with fails("ActionClosed", action=Action.STAKING, state=State.SLASHED):
        stake(keel, 1, first=32)
    announced_in_time(keel, lost_wei)
    jump_to(keel.rpc, vault.depositsReopenAt())
    change(keel, 0)
    deposit(keel, victim, 1_000 * ETHER)
    assert vault.balanceOf(victim) >= 1_000 * ETHER - 1


def announced_in_time(keel: Keel, lost_wei: int) -> None:
    """Announce a loss at the newest reference slot, and apply it a frame later."""
    vault, oracle = keel.quick.vault, as_contract(keel.quick.oracle)
    vault.announceLoss.send(vault.newestRefTime(), lost_wei, sender=oracle)
    change_now = next_reference_slot(keel)
    jump(keel.rpc, 60)
    vault.applyReport.send(inputs_of(keel, change_now, -lost_wei), sender=oracle)


def test_m7_an_underwriter_leaves_ahead_of_the_loss(keel: Keel, victim: str) -> None:
    """One in its window left with 100 of 100 units, the other kept 5."""
    fund, wrapped = keel.quick.fund, keel.quick.wrapped
    first, second = (str(keel.actors[name].address) for name in ("underwriter", "holder"))
    deposit(keel, victim, 2_000 * ETHER)
    stake_32(keel)
    for each in (first, second):
        wrap(keel, each, 100 * ETHER)
        buy(keel, each, 100 * ETHER)
    shares = fund.balanceOf(first)
    fund.startCooldown.send(shares, sender=first)
    jump_to(keel.rpc, fund.cooldownOf(first).windowStart)
    report_for(keel, keel.quick.vault.newestRefTime())
    lost_wei = 8 * VALIDATOR_WEI

    def lose() -> int:
        slashing(keel, 8 * VALIDATOR_WEI)
        change(keel, -lost_wei)
        return int(fund.previewRedeem(fund.balanceOf(second)))

    with reverting(keel.rpc):
        fund.redeem.send(shares, first, first, sender=first)
        assert wrapped.balanceOf(first) >= 100 * ETHER - 1
        assert lose() < 6 * ETHER
    with reverting(keel.rpc):
        slashing(keel, 8 * VALIDATOR_WEI)
        assert fund.maxRedeem(first) == 0
        with fails("ERC4626ExceededMaxRedeem", owner=first, shares=shares, max=0):
            fund.redeem.send(shares, first, first, sender=first)
    kept = lose()
    assert abs(fund.previewRedeem(shares) - kept) <= 1


def test_m7_the_fund_pays_for_what_is_proven_alone(keel: Keel, victim: str) -> None:
    """A loss that nobody proves costs it 5 % (M5), a proven one up to what was slashed."""
    fund = keel.quick.fund.address
    deposit(keel, victim, 2_000 * ETHER)
    stake_32(keel)
    wrap(keel, victim, 200 * ETHER)
    keel.quick.wrapped.transfer.send(fund, 200 * ETHER, sender=victim)
    units, lost_wei = units_of(keel, fund), 100 * ETHER
    with reverting(keel.rpc):
        change(keel, -lost_wei)
        assert units_of(keel, fund) == units - units * 5 // 100
    with reverting(keel.rpc):
        slashing(keel, VALIDATOR_WEI)
        change(keel, -lost_wei, frames=1)
        paid_wei = keel.quick.vault.toAssetsDown((units - units_of(keel, fund)) * SHARES_PER_UNIT)
        assert paid_wei <= VALIDATOR_WEI
        assert units - units_of(keel, fund) > units * 15 // 100
    slashing(keel, 4 * VALIDATOR_WEI)
    change(keel, -lost_wei)
    assert keel.quick.vault.balanceOf(victim) >= 1_800 * ETHER - 10


def test_m7_who_asks_on_the_first_day_of_a_slow_slashing_bears_all_of_it(
    keel: Keel, attacker: str, victim: str
) -> None:
    """5,000 ETH asked for on day 1 bore 0.27 ETH; the rest lost 1,000 instead of 750.

    A report counts what slashed validators will lose still (REP-10), so all of it at once.
    """
    vault, queue = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 1_000 * ETHER)
    deposit(keel, attacker, 500 * ETHER)
    stake_32(keel)
    slashing(keel)
    queue.request.send(500 * ETHER, attacker, sender=attacker)
    held_wei = vault.balanceOf(victim)
    change(keel, -150 * ETHER)
    part = queue.ticket(1).worthWei / (500 * ETHER)
    assert abs(part - vault.balanceOf(victim) / held_wei) < 1e-9
    assert part < 0.91
    report(keel)
    assert queue.lastFinalised() == 1
    assert abs(queue.ticket(1).worthWei / (500 * ETHER) - part) < 1e-9
