"""What the vault bounds whatever stands in its oracle's place (STR, LIM-3, LIM-4, REP-4, REP-8).

An outsider's account is the oracle module and sends whatever sequence of inputs it likes. Bounds
are computed here, from what the module sent, not read from the contract.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.contract import call_many
from keel.chain.state import balance_wei, impersonate, set_balance_wei, set_runtime_code
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.model.accounts import Accounts
from keel.model.constants import (
    BPS,
    DAY,
    DEAD_FRAMES,
    ETHER,
    LARGEST_REPORT_WEI,
    MAX_COVERED_FRAMES,
    MOST_OPERATORS_BPS,
    RAY,
    REOPENING_FRAMES,
    STALE_FRAMES,
)
from keel.model.frames import State
from keel.model.limits import available, emptied, take
from keel.model.stream import capped_wei
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import Inputs, accounts_of, replace_modules, stake

STAKED_WEI = 960 * ETHER
LIMIT_BPS = 25
HISTORIES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# Small ranges times a unit: wide ranges are drawn by their logarithm, so nearly all would be dust.
losses = st.integers(1, 3_000).map(lambda n: n * ETHER // 1_000) | st.integers(1, 1_000).map(
    lambda n: n * ETHER
)
growths = (
    st.integers(0, 10_000).map(lambda n: n * ETHER // 1_000)
    | st.integers(1, 1_000).map(lambda n: n * 1_000 * ETHER)
    | st.sampled_from([0, 1, LARGEST_REPORT_WEI])
)
reports = st.tuples(st.just("report"), growths | losses.map(lambda wei: -wei), st.integers(1, 9))
announcements = st.tuples(st.just("announce"), losses, st.integers(0, 3))
newcomers = st.tuples(
    st.just("newcomer"), st.integers(1, 5_000).map(lambda n: n * ETHER), st.integers(0, 20)
)
exits = st.tuples(st.just("exit"), st.integers(1, 99), st.integers(0, 1))
histories = st.lists(reports | announcements | newcomers | exits, min_size=2, max_size=9)


@dataclass
class Hostile:
    """A module and the bounds that hold for it."""

    keel: Keel
    module: str
    record_wei: int = STAKED_WEI
    staked_wei: int = 0
    true_wei: int = STAKED_WEI
    most_a_day_wei: int = 0
    losses_full_at: int = 0
    announced: tuple[int, int] = (0, 0)
    reopen_at: int = 0
    keys: int = field(default=1_000)

    @property
    def vault(self) -> StakingVault:
        return self.keel.quick.vault

    @property
    def frame(self) -> int:
        return self.keel.profile.frame_seconds

    def play(self, kind: str, number: int, extra: int) -> None:
        getattr(self, f"_{kind}")(number, extra)

    def _announce(self, loss_wei: int, frames: int) -> None:
        """Whenever there is a slot newer than the last report's; 0 frames: the newest of now."""
        ref_time = self.vault.newestRefTime() + frames * self.frame
        if ref_time <= accounts_of(self.keel).ref_time:
            return
        at = max(ref_time, now(self.keel.rpc))
        set_next_timestamp(self.keel.rpc, at)
        self.vault.announceLoss.send(ref_time, loss_wei, sender=self.module)
        self.announced = (at, loss_wei)

    def _newcomer(self, amount_wei: int, validators: int) -> None:
        """Deposit, and stake at once, where that is open; neither lifts what vests."""
        person = self.keel.actors.holder.address
        amount_wei = min(amount_wei, self.vault.depositableWei())
        if amount_wei:
            deposit(self.keel, person, amount_wei)
        count = min(validators, self.vault.stakeableValidators())
        if count:
            stake(self.keel, count, first=self.keys)
            self.keys += count
            self.staked_wei += count * 32 * ETHER
            self.true_wei += count * 32 * ETHER

    def _exit(self, percent: int, _: int) -> None:
        """Ask for a ticket with a part of what the depositor has."""
        person = str(self.keel.actors.depositor.address)
        wei = min(self.vault.balanceOf(person) * percent // 100, 1_000 * ETHER)
        if wei >= self.keel.profile.min_ticket_wei and not self.vault.isInsolvent():
            self.keel.quick.queue.request.send(wei, person, sender=person)

    def _report(self, change_wei: int, frames: int) -> None:
        """One report in the first second of a slot, with everything that must hold of it."""
        vault, before = self.vault, accounts_of(self.keel)
        ref_time = vault.newestRefTime() + frames * self.frame
        jump_to(self.keel.rpc, ref_time)
        expected_wei = vault.reportBase(ref_time).expectedWei
        reported_wei = min(max(0, expected_wei + change_wei), LARGEST_REPORT_WEI)
        visible_wei = before.visible_wei(ref_time)
        inputs = {
            "refTime": ref_time,
            "consensusBalanceWei": reported_wei,
            "withdrawalsWei": 0,
            "rewardsWei": 0,
            "lastTicketHint": 0,
            "operatorsBps": MOST_OPERATORS_BPS,
        }
        if not self._takes_loss(inputs, expected_wei - reported_wei, before):
            return
        after = accounts_of(self.keel)
        counted_wei = min(reported_wei, expected_wei) if before.insolvent else reported_wei
        covered = min(ref_time - before.ref_time, MAX_COVERED_FRAMES * self.frame)
        cap = self.keel.profile.stream_cap_ray_per_day
        grown_wei = capped_wei(cap, covered, self.record_wei)
        settled_wei, self.staked_wei = self.staked_wei, 0  # all of it before this slot
        self.record_wei = min(counted_wei, self.record_wei + settled_wei + grown_wei)
        assert after.record_wei == self.record_wei
        if reported_wei < expected_wei:
            assert after.visible_wei(ref_time) <= visible_wei
            return
        visible_after_wei = after.visible_wei(ref_time)
        assert visible_after_wei * before.shares >= visible_wei * after.shares
        assert visible_after_wei * before.shares <= visible_wei * (after.shares + 1)
        if not before.insolvent:
            self.most_a_day_wei = cap * min(visible_wei, self.record_wei)

    def _takes_loss(self, inputs: Inputs, loss_wei: int, before: Accounts) -> bool:
        """Apply a report; one whose loss is neither in the bucket nor announced is refused."""
        at = inputs["refTime"]
        drawn_wei = max(0, loss_wei - before.unvested_wei(at))
        bearing_wei = before.visible_wei(at) + self.keel.quick.queue.owedWei()
        bucket = (bearing_wei * LIMIT_BPS // BPS, self.keel.profile.loss_period_seconds)
        bucket_wei = allowed_wei = available(self.losses_full_at, at, *bucket)
        announced_at, announced_wei = self.announced
        if announced_at and self.frame <= at - announced_at < 3 * self.frame:
            allowed_wei += announced_wei
        if drawn_wei > bucket_wei and loss_wei > allowed_wei:
            with fails("LossNotAnnounced", lossWei=loss_wei, allowedWei=allowed_wei):
                self._apply(inputs)
            return False
        self._apply(inputs)
        self.announced = (0, 0)
        if drawn_wei > bucket_wei:
            self.losses_full_at = emptied(at, bucket[1])
            self.reopen_at = at + REOPENING_FRAMES * self.frame
        elif drawn_wei:
            self.losses_full_at = take(self.losses_full_at, at, drawn_wei, *bucket)
        return True

    def _apply(self, inputs: Inputs) -> Receipt:
        set_next_timestamp(self.keel.rpc, inputs["refTime"])
        return self.vault.applyReport.send(inputs, sender=self.module, gas=10_000_000)

    def come_clean(self) -> None:
        """Report the truth from now on, announcing what must be; stop 9 frames later."""
        start = int(self.vault.newestRefTime())
        accounts = accounts_of(self.keel)
        loss_wei = accounts.consensus_wei + accounts.pending_wei - self.true_wei
        drawn_wei = loss_wei - accounts.unvested_wei(start + self.frame)
        if drawn_wei > self.vault.lossAllowanceWei():
            self._announce(loss_wei, 1)
        self._report(-loss_wei, 1)
        last = int(self.vault.newestRefTime())
        assert accounts_of(self.keel).consensus_wei == self.true_wei
        self._report(0, (start + 8 * self.frame - last) // self.frame)
        jump_to(self.keel.rpc, start + 9 * self.frame)

    def check_pace(self) -> None:
        """V rises by no more than the cap of what is on record, in a second and in a day."""
        vault, start = self.vault, now(self.keel.rpc)
        if accounts_of(self.keel).insolvent:
            return
        worth = [vault.totalSupply()]
        with reverting(self.keel.rpc):
            for seconds in (1, 7, DAY):
                jump_to(self.keel.rpc, start + seconds)
                worth.append(vault.totalSupply())
        for seconds, later_wei in zip((1, 7, DAY), worth[1:], strict=True):
            most_wei = -(-self.most_a_day_wei * seconds // (RAY * DAY))
            assert 0 <= later_wei - worth[0] <= most_wei + 1, seconds

    def check_deposits(self) -> None:
        """They are closed for the reasons of STA-3 alone."""
        accounts, at = accounts_of(self.keel), now(self.keel.rpc)
        unvested_wei, visible_wei = accounts.unvested_wei(at), accounts.visible_wei(at)
        is_closed = (
            accounts.insolvent
            or self.announced[0] > 0
            or at - accounts.ref_time >= STALE_FRAMES * self.frame
            or at < self.reopen_at
            or unvested_wei > max(visible_wei // 100, 32 * ETHER)
        )
        limit_wei = self.keel.profile.deposit_limit_wei
        assert (self.vault.depositableWei() > limit_wei // 10) is not is_closed


@pytest.fixture
def hostile(keel: Keel) -> Hostile:
    """Of 1,000 ETH, 960 are staked; 20 insure; the oracle is the attacker, by `setModules`."""
    vault, person = keel.quick.vault, keel.actors.depositor.address
    deposit(keel, person, 949 * ETHER)
    fund = keel.quick.fund.address
    vault.depositWrapped.send(fund, fund, sender=person, value_wei=20 * ETHER)
    stake(keel, 30)
    module = str(keel.actors.attacker.address)
    set_runtime_code(keel.rpc, module, bytes(1))  # MOD-1: a module has code
    impersonate(keel.rpc, module)
    replace_modules(keel, oracle=module)
    ref_time = int(vault.newestRefTime()) + keel.profile.frame_seconds
    jump_to(keel.rpc, ref_time)
    inputs = {
        "refTime": ref_time,
        "consensusBalanceWei": STAKED_WEI,
        "withdrawalsWei": 0,
        "rewardsWei": 0,
        "lastTicketHint": 0,
        "operatorsBps": MOST_OPERATORS_BPS,
    }
    vault.applyReport.send(inputs, sender=module)
    assert vault.recordWei() == STAKED_WEI
    return Hostile(keel, module)


@HISTORIES
@given(history=histories)
def test_no_sequence_of_inputs_is_faster_than_the_bounds(
    hostile: Hostile, history: list[tuple[str, int, int]]
) -> None:
    """A report without a loss leaves the rate where it is and is never refused; V rises within the
    cap; a loss that no bucket and no announcement covers is refused; deposits close by rule alone.
    """
    with reverting(hostile.keel.rpc):
        played = Hostile(hostile.keel, hostile.module)
        for kind, number, extra in history:
            played.play(kind, number, extra)
            played.check_deposits()
        played.check_pace()


@HISTORIES
@given(history=histories)
def test_nobody_keeps_deposits_closed_for_long_once_the_truth_is_reported(
    hostile: Hostile, history: list[tuple[str, int, int]]
) -> None:
    """STA-3, LIM-4: 9 frames, besides what unvested ether closes, which the cap lets go."""
    with reverting(hostile.keel.rpc):
        played = Hostile(hostile.keel, hostile.module)
        for kind, number, extra in history:
            played.play(kind, number, extra)
        if accounts_of(played.keel).insolvent:
            return
        played.come_clean()
        accounts, at = accounts_of(played.keel), now(played.keel.rpc)
        unvested_wei, visible_wei = accounts.unvested_wei(at), accounts.visible_wei(at)
        excess_wei = unvested_wei - max(visible_wei // 100, 32 * ETHER)
        assert (played.vault.depositableWei() > 0) is (excess_wei <= 0)
        if excess_wei <= 0:
            return
        seconds = -(-excess_wei * DAY * RAY // played.most_a_day_wei)
        frames = -(-seconds // played.frame)
        if accounts.stream.seconds * played.most_a_day_wei > unvested_wei * DAY * RAY:
            frames = -(-accounts.stream.seconds // played.frame)  # slower than the cap allows
        played.play("report", 0, frames)
        assert played.vault.depositableWei() > 0


@HISTORIES
@given(
    growth_wei=growths,
    arrived_wei=st.integers(0, 10**5 * ETHER),
    frames=st.integers(1, 20),
)
def test_income_of_any_size_is_taken_at_once(
    hostile: Hostile, growth_wei: int, arrived_wei: int, frames: int
) -> None:
    """REP-4: up to 2^87 wei in all; and one wei more is refused."""
    keel, vault = hostile.keel, hostile.vault
    growth_wei = min(growth_wei, LARGEST_REPORT_WEI - STAKED_WEI - arrived_wei)
    with reverting(keel.rpc):
        set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, arrived_wei)
        ref_time = vault.newestRefTime() + frames * keel.profile.frame_seconds
        jump_to(keel.rpc, ref_time)
        inputs = {
            "refTime": ref_time,
            "consensusBalanceWei": STAKED_WEI + growth_wei,
            "withdrawalsWei": 0,
            "rewardsWei": arrived_wei,
            "lastTicketHint": 0,
            "operatorsBps": MOST_OPERATORS_BPS,
        }
        above_wei = LARGEST_REPORT_WEI + 1
        too_much = inputs | {"consensusBalanceWei": above_wei - arrived_wei}
        with fails("ReportAboveSupply", reportedWei=above_wei, mostWei=LARGEST_REPORT_WEI):
            vault.applyReport.send(too_much, sender=hostile.module)
        greedy = inputs | {"operatorsBps": MOST_OPERATORS_BPS + 1}
        bound = {"operatorsBps": MOST_OPERATORS_BPS + 1, "mostBps": MOST_OPERATORS_BPS}
        with fails("OperatorsFeeTooHigh", **bound):
            vault.applyReport.send(greedy, sender=hostile.module)
        vault.applyReport.send(inputs, sender=hostile.module)
        assert vault.totals().assetsWei == 1_000 * ETHER + growth_wei + arrived_wei
        assert balance_wei(keel.rpc, keel.quick.rewards_vault.address) == 0


@HISTORIES
@given(moments=st.lists(st.tuples(st.integers(0, 990), losses), max_size=6))
def test_the_dead_exit_opens_14_frames_after_the_last_report_whatever_is_announced(
    hostile: Hostile, moments: list[tuple[int, int]]
) -> None:
    """STA-2, STA-3, REP-8, AUDIT M4."""
    keel, vault, queue = hostile.keel, hostile.vault, hostile.keel.quick.queue
    person, anyone = keel.actors.depositor.address, keel.actors.stranger.address
    with reverting(keel.rpc):
        queue.request.send(30 * ETHER, person, sender=person)
        set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 5 * ETHER)
        last = accounts_of(keel).ref_time
        dead_at = last + DEAD_FRAMES * keel.profile.frame_seconds
        for permille, loss_wei in sorted(moments):
            moment = last + (dead_at - last) * permille // 1_000
            jump_to(keel.rpc, max(moment, now(keel.rpc)))
            ref_time = vault.newestRefTime()
            if ref_time > last:
                vault.announceLoss.send(ref_time, loss_wei, sender=hostile.module)
        jump_to(keel.rpc, dead_at - 1)
        set_next_timestamp(keel.rpc, dead_at - 1)
        with fails("StateNotDead", state=State.STALE):
            vault.finaliseWithoutReport.send(0, sender=anyone)
        set_next_timestamp(keel.rpc, dead_at)
        vault.finaliseWithoutReport.send(0, sender=anyone)
        vault.sweepWithdrawals.send(sender=anyone)
        queue.claim.send(1, sender=anyone)
        finalised, buffered = call_many(
            keel.rpc, [queue.lastFinalised.prepare(), vault.bufferedWei.prepare()]
        )
        assert (finalised, buffered) == (1, 15 * ETHER)
